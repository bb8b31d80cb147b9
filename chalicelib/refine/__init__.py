"""Pure functions from raw to refined: frames and bytes in, frames and bytes out. No boto3, no chalice."""
