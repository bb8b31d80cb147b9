"""git as a subprocess."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(root: Path, *arguments: str) -> str | None:
    """Return the output of a command of git in a folder, None if it failed or git is not installed."""
    command = ["git", *arguments]
    try:
        process = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return process.stdout.strip() if process.returncode == 0 else None
