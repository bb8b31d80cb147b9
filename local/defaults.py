"""The laptop's ports, region and keys. This imports nothing: `chalice local` needs it, and may have no moto."""

from __future__ import annotations

HOST = "127.0.0.1"
PORT, AWS_PORT = 8000, 4566
"""Of the API, and of the local AWS."""

REGION = "us-east-1"

# Whoever reaches loopback is let in: the keys only fill the place that the SDKs ask for.
ACCESS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": REGION}
