"""`python -m local`: see `--help`."""

import sys

# Checked first: an older Python cannot parse the modules below. This file has no newer syntax for the same reason.
if not (3, 11) <= sys.version_info < (3, 14):
    sys.exit("error: b3-dataflow needs Python 3.11, 3.12 or 3.13; this is {}.{}.{}".format(*sys.version_info[:3]))

try:
    from local.cli import main
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] in ("chalicelib", "local"):
        raise
    message = "error: this Python lacks the package {}; use `make run` or `.venv/bin/python -m local`"
    sys.exit(message.format(error.name))
except KeyboardInterrupt:
    sys.exit("stopped: nothing was started")

sys.exit(main(sys.argv[1:]))
