"""Modules that the laptop, the deploy, the scripts and the tests share. Not packaged for AWS."""
