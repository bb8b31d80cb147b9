"""Pure functions from raw to refined, on DataFrames and bytes. No boto3, no chalice."""
