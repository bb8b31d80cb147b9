"""The laptop's ports, region and keys. Imports nothing, because `chalice local` uses it without moto."""

from __future__ import annotations

HOST = "127.0.0.1"
PORT, AWS_PORT = 8000, 4566
"""Ports of the API and of the local AWS."""

REGION = "us-east-1"

# The local AWS accepts any keys, but the SDKs require some.
ACCESS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": REGION}
