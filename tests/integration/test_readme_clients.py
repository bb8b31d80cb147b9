"""The README's examples of curl, pandas and JavaScript, run unchanged against a running API."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from typing import Any

import pandas as pd
import pytest

from common.paths import ROOT

ADDRESS = "http://127.0.0.1:8000"


def example(language: str, url: str, title: str = "Use the API") -> str:
    """Return the README's first code block in a language from a section, with another address."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]
    block, *_ = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return str(block).replace(ADDRESS, url)


def program(name: str) -> str:
    """Return the path of a program. Without it, the test is skipped, or fails if REQUIRE_DATA is set."""
    path = shutil.which(name)
    if path is None:
        message = f"needs {name}"
        if os.environ.get("REQUIRE_DATA"):
            pytest.fail(message)
        pytest.skip(message)
    return path


def outputs(lines: list[str]) -> list[str]:
    """Run commands of curl, and return what each prints."""
    printed = []
    for line in lines:
        command, *arguments = shlex.split(line)
        process = subprocess.run([program(command), "-sS", "--fail", *arguments], capture_output=True, check=True)
        printed.append(process.stdout.decode())
    return printed


def test_curl(url: str):
    most_volatile, january, months, latest, forecast = outputs(example("sh", url).splitlines())

    ranges = [row["volatilidade_pct"] for row in json.loads(most_volatile)["rows"]]
    assert len(ranges) == 10
    assert ranges == sorted(ranges, reverse=True)
    assert january.startswith("data,preco_abertura,")
    assert len(january.splitlines()) == 1 + 22
    volatilities = [row["vol_realizada"] for row in json.loads(months)["rows"]]
    assert len(volatilities) == 10
    assert volatilities == sorted(volatilities, reverse=True)
    assert json.loads(latest)["session"]["data"] == "2025-08-12"
    assert [row["horizon"] for row in json.loads(forecast)["rows"]] == [1, 5, 21] * 2


def test_pandas(url: str):
    names: dict[str, Any] = {}
    exec(example("python", url), names)  # noqa: S102 - our own README

    frame, volatility = names["frame"], names["volatility"]
    assert frame["data"].dtype == "datetime64[ns]"
    assert len(frame) == 300
    assert frame["data"].max() == pd.Timestamp("2025-08-12")
    assert frame["preco_fechamento"].dtype == "float64"
    assert len(volatility) == 252
    assert volatility["vol_anualizada"].notna().sum() == 300 - 62  # the first 62 sessions have no full window
    assert len(names["history"]) == 300
    assert names["history"]["data"].is_monotonic_increasing
    assert names["response"].json()["meta"]["volatility_column"] == "vol_parkinson_63d"


def test_javascript(url: str):
    node = program("node")
    script = example("js", url)

    process = subprocess.run(
        [node, "--input-type=module", "-e", script], capture_output=True, text=True, timeout=60, check=True
    )

    assert re.fullmatch(r"\d+ unusual days, data to 2025-08-12\n", process.stdout)
