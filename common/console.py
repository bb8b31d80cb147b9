"""Console output of the commands: errors on one line, and one line for each step."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that prints an error on one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}\n")


@contextmanager
def step(number: int, steps: int, name: str) -> Iterator[Callable[[str], None]]:
    """Print a line of progress: the step's number and name, then its seconds and its result.

    Yields:
        A function that sets the text of the result.
    """
    print(f"  {number}/{steps}  {name:<10}", end="", flush=True)
    began = time.monotonic()
    result = ""

    def report(text: str) -> None:
        nonlocal result
        result = text

    try:
        yield report
    except BaseException:
        print(flush=True)
        raise
    print(f"{time.monotonic() - began:4.1f} s  {result}", flush=True)
