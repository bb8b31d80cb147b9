"""The lake on disk: the local AWS's objects and catalog in one SQLite file, so that they survive `make run`."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from local import moto_catalog, moto_state
from local.errors import LocalError
from local.moto_state import ObjectState

FORMAT = 1
"""Version of the file. Another version is refused, never converted."""

_APPLICATION = 0x62336C6B
_FILE, _NEW, _LOCK = "lake.sqlite3", "lake.sqlite3.new", "lock"

_TABLES = f"""
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {FORMAT};
CREATE TABLE objects (bucket TEXT, key TEXT, state TEXT NOT NULL, body BLOB NOT NULL, sha256 TEXT NOT NULL,
                      PRIMARY KEY (bucket, key));
CREATE TABLE catalog (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL, sha256 TEXT NOT NULL);
"""


class LakeStore:
    """The stored lake of one folder. The constructor locks the folder until `close`, and checks every object.

    A request that changes S3 or the catalog is stored in one transaction before its response is sent. So after a kill
    at any moment, the file has every change whose response was sent.

    Args:
        folder: created if it does not exist.
        ignored: the bucket of Athena's results, which are not stored; the tables of CREATE TABLE AS in it are.

    Raises:
        LocalError: another process has the folder open, it holds other files, or the file is damaged or of another
            version.
    """

    def __init__(self, folder: Path, ignored: str) -> None:
        self.folder = folder
        self._ignored = ignored
        self._objects: dict[tuple[str, str], object] = {}
        self._catalog: dict[str, Any] | None = None
        self._restored = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(folder)
        except (FileExistsError, NotADirectoryError) as error:
            raise LocalError(f"LAKE is {folder}, where a file is; allowed: a folder") from error
        except OSError as error:
            raise LocalError(f"LAKE is {folder}: {os.strerror(error.errno or 0)}") from error
        try:
            if not (folder / _FILE).exists():
                self._create()
            self._database = sqlite3.connect(folder / _FILE, isolation_level=None, check_same_thread=False)
            try:
                with self._damage_reported():
                    self._check()
            except BaseException:
                self._database.close()
                raise
        except BaseException:
            self._lock.close()
            raise

    def restore(self) -> int:
        """Put the stored objects and catalog into the local AWS, and store every change from now on.

        Returns:
            The number of objects.
        """
        with moto_state.LOCK:
            for state, body in self._stored_objects():
                moto_state.restore_object(state, body)
            for (body,) in self._database.execute("SELECT body FROM catalog"):
                moto_catalog.restore_catalog(json.loads(body))
            names = set(self._database.execute("SELECT bucket, key FROM objects"))
            self._objects = {name: stored for name, stored in moto_state.latest_objects().items() if name in names}
            self._restored = True
            self.save()
        return len(names)

    def save(self) -> None:
        """Store what has changed since the last call. The caller holds `moto_state.LOCK`."""
        if not self._restored:
            return
        objects = {name: each for name, each in moto_state.latest_objects().items() if self._is_stored(*name)}
        changed = [name for name, stored in objects.items() if self._objects.get(name) is not stored]
        deleted = self._objects.keys() - objects.keys()
        catalog = moto_catalog.catalog()
        if not changed and not deleted and catalog == self._catalog:
            return
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for name in changed:
                body, state = moto_state.read(*name) or b"", moto_state.object_state(*name).encode()
                row = (*name, state, body, _digest(*name, state, body))
                self._database.execute("REPLACE INTO objects VALUES (?, ?, ?, ?, ?)", row)
            self._database.executemany("DELETE FROM objects WHERE bucket = ? AND key = ?", list(deleted))
            if catalog != self._catalog:
                text = json.dumps(catalog, sort_keys=True)
                self._database.execute("REPLACE INTO catalog VALUES (1, ?, ?)", (text, _digest(text)))
            self._database.execute("COMMIT")
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._objects, self._catalog = objects, catalog

    def _is_stored(self, bucket: str, key: str) -> bool:
        is_table = "/tables/" in f"/{key}" and not key.endswith(("-manifest.csv", ".metadata"))
        return bucket != self._ignored or is_table

    def close(self) -> None:
        """Store no more changes, and unlock the folder."""
        with moto_state.LOCK:
            self._restored = False
            self._database.close()
            self._lock.close()

    def _create(self) -> None:
        others = sorted(path.name for path in self.folder.iterdir() if path.name not in (_LOCK, _NEW))
        if others:
            raise LocalError(
                f"LAKE is {self.folder}, which has {others[0]!r} and no {_FILE}; allowed: a lake, or an empty folder"
            )
        new = self.folder / _NEW
        new.unlink(missing_ok=True)
        database = sqlite3.connect(new)
        database.executescript(_TABLES)
        database.close()
        # Renamed when it is complete: a file of this name without tables counts as damaged.
        new.replace(self.folder / _FILE)

    def _check(self) -> None:
        def number(pragma: str) -> int:
            return int(self._database.execute(f"PRAGMA {pragma}").fetchone()[0])

        if number("application_id") != _APPLICATION:
            raise sqlite3.DatabaseError("it is not a lake")
        if number("user_version") != FORMAT:
            version = number("user_version")
            raise LocalError(
                f"LAKE is {self.folder}: its format is {version}; allowed: {FORMAT}. Choose another folder with LAKE="
            )
        ((result, *_), *_) = self._database.execute("PRAGMA integrity_check(1)").fetchall()
        if result != "ok":
            raise sqlite3.DatabaseError(" ".join(result.split()))
        for _ in self._stored_objects():
            pass
        for body, digest in self._database.execute("SELECT body, sha256 FROM catalog"):
            if _digest(body) != digest:
                raise sqlite3.DatabaseError("the catalog has another SHA-256 than when it was stored")

    def _stored_objects(self) -> Iterator[tuple[ObjectState, bytes]]:
        rows = self._database.execute("SELECT bucket, key, state, body, sha256 FROM objects ORDER BY bucket, key")
        for bucket, key, state, body, digest in rows:
            if _digest(bucket, key, state, body) != digest:
                raise sqlite3.DatabaseError(f"s3://{bucket}/{key} has another SHA-256 than when it was stored")
            yield ObjectState.decode(state), body

    @contextmanager
    def _damage_reported(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise LocalError(
                f"LAKE is {self.folder}: {_FILE} is damaged: {error}. Restore a copy, or choose another "
                "folder with LAKE="
            ) from error


def _locked(folder: Path) -> IO[str]:
    """Return the open lock file. The lock ends with the process at the latest."""
    lock = (folder / _LOCK).open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        process = lock.read().strip()
        lock.close()
        raise LocalError(
            f"LAKE is {folder}: another `make run` (process {process}) is using it; stop that, or choose another folder"
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _digest(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode() if isinstance(part, str) else part
        digest.update(f"{len(encoded)} ".encode() + encoded)
    return digest.hexdigest()
