"""What the laptop, the deploy, the scripts and the tests share: the console and the paths. Not packaged for AWS."""
