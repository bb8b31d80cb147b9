"""Scripts of `make`: shell scripts that install Python packages, and modules that write documents or measure."""
