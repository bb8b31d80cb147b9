"""The static files of the pages."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from chalicelib.api import assets
from chalicelib.api.representations import prefers_html
from chalicelib.estimators import ESTIMATORS
from chalicelib.refine.warnings import WARNINGS
from chalicelib.schema import WINDOWS
from common.paths import ROOT

FOLDER = ROOT / "chalicelib" / "api" / "assets"
OURS = sorted(FOLDER.glob("*.js"))

LISTS = re.compile(r"^export const (\w+) = (\[.*?\]);", re.MULTILINE | re.DOTALL)
"""Name and values of an exported list."""

UPLOT = {
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "uPlot.LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}
"""SHA-256 of the files of uPlot 1.6.32 on npm."""


def test_the_vendored_files_are_those_of_the_record():
    (record,) = json.loads((FOLDER / "vendor" / "vendor.json").read_text(encoding="utf-8"))

    assert (record["name"], record["version"], record["licence"]) == ("uplot", "1.6.32", "MIT")
    assert record["sha256"] == UPLOT
    for name, expected in UPLOT.items():
        assert hashlib.sha256((FOLDER / "vendor" / name).read_bytes()).hexdigest() == expected
    assert {path.name for path in (FOLDER / "vendor").iterdir()} == {*UPLOT, "vendor.json"}


def test_every_file_that_a_page_or_a_module_names_is_served():
    names = set(assets._files())
    named = set(re.findall(r"\{assets\}/([\w.]+)", assets.template("home.html")))
    for path in OURS:
        named |= set(re.findall(r'(?:from |import\()"\./([\w.]+)"', path.read_text(encoding="utf-8")))

    assert named <= names
    assert names - named == {"docs.css", "docs.js"}


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_modules_are_small_and_name_no_other_host(path):
    text = path.read_text(encoding="utf-8")

    assert len(text.splitlines()) < 300
    assert "://" not in text


def test_both_languages_have_the_same_texts_with_the_same_values():
    text = (FOLDER / "text.js").read_text(encoding="utf-8")
    languages = [
        {name: sorted(re.findall(r"\{(\w+)\}", value)) for name, value in re.findall(r'(\w+|"\w+"): "([^"]*)"', block)}
        for block in re.findall(r"^const (?:EN|PT) = \{$(.*?)^\};$", text, re.MULTILINE | re.DOTALL)
    ]

    assert len(languages) == 2
    assert languages[0] == languages[1]
    (titles,) = re.findall(r"^const TITLES = \{(.*?)^\};", text, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r'(\w+): "', titles)) == ESTIMATORS.keys() - {"close_to_close"}
    used = set(re.findall(r'data-(?:text|label)="(\w+)"', assets.template("home.html")))
    assert used | {rule.name for rule in WARNINGS} <= languages[0].keys()


def test_the_page_offers_every_estimator_and_window():
    text = (FOLDER / "state.js").read_text(encoding="utf-8")
    lists = {name: json.loads(re.sub(r",\s*\]", "]", body)) for name, body in LISTS.findall(text)}

    assert lists["ESTIMATORS"] == list(ESTIMATORS)
    assert lists["WINDOWS"] == list(WINDOWS)


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("text/html", True),
        ("TEXT/HTML, */*", True),
        ("application/json;q=0.5, text/html", True),
        (None, False),
        ("", False),
        ("*/*", False),
        ("text/*", False),
        ("application/json", False),
        ("application/json, text/plain, */*", False),
        ("application/json, text/html", False),
        ("text/html;q=0.5, */*", False),
        ("text/html;q=0", False),
        ("text/html;q=no", False),
        ("text/csv", False),
    ],
)
def test_only_a_client_that_names_html_gets_the_page(accept: str | None, html: bool):
    assert prefers_html(accept) is html
