"""Download the vendored files of the pages from npm, and write their record. `make vendor`; needs npm.

The record has the name, version and licence of each package, and the SHA-256 of each file. To update a package, change
its version here, run the command, and read the diff.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

from common.paths import ROOT

FOLDER = ROOT / "chalicelib" / "api" / "assets" / "vendor"
RECORD = FOLDER / "vendor.json"

NAME, VERSION, LICENCE = "uplot", "1.6.32", "MIT"

FILES = {
    "uPlot.iife.min.js": "package/dist/uPlot.iife.min.js",
    "uPlot.min.css": "package/dist/uPlot.min.css",
    "uPlot.LICENSE": "package/LICENSE",
}
"""The name of each file in the package, by our name of it."""


def record() -> str:
    """Return the record of the files in the folder, as JSON."""
    digests = {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in FILES}
    entry = {"name": NAME, "version": VERSION, "licence": LICENCE, "source": "npm", "sha256": digests}
    return json.dumps([entry], indent=2) + "\n"


def main() -> None:
    """Replace the files and their record."""
    with tempfile.TemporaryDirectory() as temporary:
        command = ["npm", "pack", "--silent", "--pack-destination", temporary, f"{NAME}@{VERSION}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(temporary).glob("*.tgz")
        with tarfile.open(archive) as package:
            for name, member in FILES.items():
                content = package.extractfile(member)
                if content is None:
                    raise FileNotFoundError(f"{NAME}@{VERSION} has no file {member}")
                (FOLDER / name).write_bytes(content.read())
    RECORD.write_text(record(), encoding="utf-8")


if __name__ == "__main__":
    main()
