"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from common.paths import ROOT
from scripts import data_dictionary, data_quality


def test_the_data_dictionary_is_that_of_the_schema():
    assert data_dictionary.PATH.read_text(encoding="utf-8") == data_dictionary.text(), "run make docs"


def test_data_quality_is_that_of_the_rules_on_the_real_history(real_csv: Path):
    assert data_quality.PATH.read_text(encoding="utf-8") == data_quality.text(), "run make docs"


def ours() -> list[Path]:
    """Every source file of the project: none of what is installed or built beside it."""
    folders = [path for path in ROOT.iterdir() if path.is_dir() and path.name != "build" and path.name[0] != "."]
    return [*ROOT.glob("*.py"), *(path for folder in folders for path in folder.rglob("*.py"))]


def test_only_the_judge_reads_what_the_rules_are_judged_by():
    for path in ours():
        if path.name not in ("judge_closes.py", Path(__file__).name):
            source = path.read_text(encoding="utf-8")
            assert "close_ok" not in source, path
            assert "official_close" not in source, path


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

    names = {path.name for path in ours()}

    for name in re.findall(r"\b([a-z_]+\.py)\b", readme):
        assert name in names, name
