"""Build of the functions' package, the layer and the job's wheels."""
