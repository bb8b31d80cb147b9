"""The library of the Lambda functions and the Glue job.

`refine` and the modules of this folder except `wiring` import neither boto3 nor chalice. `wiring` creates the AWS
clients of the functions and passes them to the other packages.
"""

__version__ = "2.0.0"
"""The version of the HTTP interface and of the table: CHANGELOG.md lists what each changed."""
