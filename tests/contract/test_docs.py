"""The documents say what the code does."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

from tests.conftest import ROOT


def load(path: str) -> Any:
    spec = spec_from_file_location("script", ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_data_dictionary_is_that_of_the_schema():
    script = load("scripts/data_dictionary.py")

    assert script.PATH.read_text(encoding="utf-8") == script.text(), "run make docs"


def test_every_link_between_documents_leads_somewhere():
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
            if not link.startswith("http"):
                assert (document.parent / link.partition("#")[0]).exists(), f"{document.name}: {link}"


def test_the_readme_names_every_route():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    app = (ROOT / "app.py").read_text(encoding="utf-8")

    for route in re.findall(r'@app\.route\("([^"]+)"', app):
        assert f"`{route}`" in readme or route == "/", route


def test_the_readme_names_every_module_of_the_library_that_it_maps():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    for name in re.findall(r"\b([a-z_]+\.py)\b", readme):
        assert list(ROOT.glob(f"**/{name}")), name
