"""What `make` runs: shell for what comes before Python, modules for documents and measurements."""
