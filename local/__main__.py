"""`python -m local`: see `--help`."""

import sys

# Before anything else is imported: an older Python could not even read it. No newer syntax in this file.
if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older Python learns it
    sys.exit("b3-dataflow needs Python 3.11 or newer; this is {}.{}.{}".format(*sys.version_info[:3]))

from local.cli import main

sys.exit(main(sys.argv[1:]))
