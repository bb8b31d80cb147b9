"""Deployment of b3-dataflow to AWS. Not packaged for AWS."""
