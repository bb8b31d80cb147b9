"""The library behind b3-dataflow: all that the Lambda functions and the Glue job share.

What computes (`features`, `quality`, `refinery`, `schema` and what they use) imports neither boto3 nor chalice. What
talks to AWS (`lake`, `catalog`, `athena`) does nothing else, and `wiring` puts them together.
"""

__version__ = "2.0.0"
"""The version of the HTTP interface and of the table: CHANGELOG.md lists what each changed."""
