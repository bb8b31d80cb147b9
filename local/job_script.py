"""Location of a Glue job's script: below `glue/` of the project, or in S3. No other file may be run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from local import moto_state

FOLDER = "glue"


class ScriptError(Exception):
    """The script does not exist, or its location is not allowed."""


@contextmanager
def local_copy(root: Path, location: str) -> Iterator[Path]:
    """Yield the script as a local file. An object of S3 is copied to a temporary folder, deleted on exit.

    Args:
        root: project folder.
        location: `ScriptLocation` of the job: `s3://bucket/key`, or a path below `glue/`.

    Raises:
        ScriptError: the script does not exist, or its location is not allowed.
    """
    if location.startswith("s3://"):
        with tempfile.TemporaryDirectory(prefix="glue-") as folder:
            script = Path(folder) / "script.py"
            script.write_bytes(_object(location))
            yield script
    else:
        yield _file(root, location)


def _object(location: str) -> bytes:
    # Not parsed as a URL, because a key may contain ? and #.
    bucket, _, key = location.removeprefix("s3://").partition("/")
    body = moto_state.read(bucket, key)
    if body is None:
        raise ScriptError(f"File {location} does not exist")
    return body


def _file(root: Path, location: str) -> Path:
    path = PurePosixPath(location)
    if path.parts[:1] != (FOLDER,) or ".." in path.parts:
        raise ScriptError(f"ScriptLocation is {location!r}; allowed: s3://bucket/key, or a path below {FOLDER}/")
    folder, script = (root / FOLDER).resolve(), (root / path).resolve()
    if not script.is_relative_to(folder):
        raise ScriptError(f"ScriptLocation is {location!r}, a link to a file outside of {FOLDER}/")
    if not script.is_file():
        raise ScriptError(f"File {location} does not exist")
    return script
