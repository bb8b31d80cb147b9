"""From a source to raw, and from an event of raw to a run of the job."""
