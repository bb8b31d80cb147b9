"""`make layer`: build the layer and print its inputs and size."""

from __future__ import annotations

import sys
from pathlib import Path

from common.console import activity
from infra.errors import PackageError
from infra.packaging import archive
from infra.packaging.layer import build


def main(architecture: str) -> int:
    try:
        print(f"inputs  {build.digest(architecture)}  {architecture}, {build.strip_version(architecture)}")
        with activity("downloading and building the layer"):
            path = build.build(Path("build", "layer"), architecture)
    except PackageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    zipped, unzipped = path.stat().st_size / archive.MIB, archive.unzipped_size(path) / archive.MIB
    print(f"layer   {path}  {zipped:.1f} MiB zipped, {unzipped:.1f} MiB unzipped")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
