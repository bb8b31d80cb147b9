"""Local Athena: sqlglot translates Trino's SQL, and DuckDB runs it over the parquet objects in moto's S3."""
