"""The HTTP interface. It imports no pandas, pyarrow or numpy, which take seconds at every cold start."""
