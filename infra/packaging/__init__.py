"""What is built for AWS: the functions' package, the layer, the job's wheels."""
