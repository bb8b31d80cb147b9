"""The laptop's AWS: moto's server with an Athena, a Glue and S3 notifications that really happen."""
