"""One stage on AWS: its stacks, names, keys, gateway, and what Chalice deployed there."""
