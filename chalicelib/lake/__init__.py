"""The lake in S3 and in the Glue Data Catalog. Knows keys, bytes and conditions, and no bars."""
