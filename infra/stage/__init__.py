"""The parts of a stage on AWS: names, stacks, buckets, Chalice and its state, gateway, API keys."""
