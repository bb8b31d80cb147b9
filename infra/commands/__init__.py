"""Commands of `python -m infra`: deploy, destroy, folder, replay, status."""
