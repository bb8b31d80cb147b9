"""Paths of the checkout."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The root of the checkout: the folder of app.py."""

TEMPLATES = ROOT / "infra" / "templates"
"""The folder of the CloudFormation templates, one YAML file per stack."""
