"""Athena on a laptop: Trino's SQL translated by sqlglot, run by DuckDB over the parquet objects in moto's S3."""
