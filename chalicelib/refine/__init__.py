"""Raw to refined, pure: frames and bytes in, frames and bytes out. Imports no boto3 and no chalice."""
