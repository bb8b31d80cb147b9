"""cfn-lint on the templates, for every region that `make deploy` takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from common.paths import TEMPLATES
from infra.commands.checks import regions


def main() -> int:
    """Run cfn-lint and return its exit status."""
    templates = map(str, sorted(TEMPLATES.glob("*.yaml")))
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", *regions(), "--", *templates]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
