"""AWS on this machine: moto's server, with an Athena that runs SQL, a Glue that runs jobs, and S3 events."""
