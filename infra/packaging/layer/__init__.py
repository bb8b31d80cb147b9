"""The Lambda layer: the libraries of the ingest that are too heavy for a function's own package."""
