"""The library behind b3-dataflow: all that the Lambda functions and the Glue job share.

Modules that compute (`bars`, `features`, `refinery`, `schema`, `manifest`, `layout`) import neither boto3 nor
chalice. Modules that talk to AWS (`lake`, `catalog`, `athena`) do nothing else; `wiring` puts them together.
"""
