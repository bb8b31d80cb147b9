"""The Lambda layer: libraries of `ingest` that are too large for the functions' package."""
