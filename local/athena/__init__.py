"""Local Athena: Trino's SQL is analysed and translated, and DuckDB runs it over the objects in moto's S3."""
