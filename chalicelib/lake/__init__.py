"""The lake in S3 and in the Glue Data Catalog. Reads and writes objects; does not parse bars."""
