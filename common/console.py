"""What the project's command lines share: errors in one line, and one line for each step."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """argparse's, whose errors are one line, as all of ours; `--help` has the rest."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}\n")


@contextmanager
def step(number: int, steps: int, name: str) -> Iterator[Callable[[str], None]]:
    """One line of progress: what is being done, then what came of it and in how many seconds."""
    print(f"  {number}/{steps}  {name:<10}", end="", flush=True)
    began = time.monotonic()
    said = ""

    def done(what: str) -> None:
        nonlocal said
        said = what

    try:
        yield done
    except BaseException:
        print(flush=True)
        raise
    print(f"{time.monotonic() - began:4.1f} s  {said}", flush=True)
