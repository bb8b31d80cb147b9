"""What `python -m infra` does: deploy, destroy, replay, with their plans and checks."""
