"""Console output of the commands: errors on one line, one line for each step, and progress on a terminal."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that prints an error on one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}\n")


@contextmanager
def activity(text: str) -> Iterator[None]:
    """Show a text and the elapsed time while the block runs. Only on a terminal: elsewhere nothing is printed."""
    if not sys.stdout.isatty():
        yield
        return
    # Most commands run without a terminal in the tests, and rich takes a tenth of a second to import.
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), SpinnerColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as progress:
        progress.add_task(text, total=None)
        yield


@contextmanager
def step(number: int, steps: int, name: str) -> Iterator[Callable[[str], None]]:
    """Print a line of progress: the step's number and name, then its seconds and its result.

    Yields:
        A function that sets the text of the result.
    """
    line = f"  {number}/{steps}  {name:<10}"
    live = sys.stdout.isatty()
    if not live:
        print(line, end="", flush=True)
    began = time.monotonic()
    result = ""

    def report(text: str) -> None:
        nonlocal result
        result = text

    try:
        with activity(line):
            yield report
    except BaseException:
        print(line if live else "", flush=True)
        raise
    print(f"{line if live else ''}{time.monotonic() - began:4.1f} s  {result}", flush=True)
