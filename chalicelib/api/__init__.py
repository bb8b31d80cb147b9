"""The HTTP interface. Imports no pandas, pyarrow or numpy, which would cost seconds at every cold start."""
