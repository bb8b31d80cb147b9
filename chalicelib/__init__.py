"""The library of the Lambda functions and the Glue job.

`refine` and the modules at the top compute, and import neither boto3 nor chalice. `lake` and `api.athena` call AWS.
`wiring` creates the clients and connects the packages.
"""

__version__ = "2.0.0"
"""The version of the HTTP interface and of the table: CHANGELOG.md lists what each changed."""
