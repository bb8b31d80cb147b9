"""The documents agree with the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from chalicelib import __version__
from chalicelib.ingest import backfill, cotahist, decisions
from chalicelib.market.rules import REASONS
from common.paths import ROOT
from local.notebook_command import NOTEBOOK
from scripts import data_dictionary, data_quality, forecasts

README, README_PT = ROOT / "README.md", ROOT / "README.pt-BR.md"


def test_the_document_of_the_market_has_each_reason():
    document = (ROOT / "docs" / "market.md").read_text(encoding="utf-8")

    for reason, meaning in REASONS.items():
        assert f"| `{reason}` | {meaning} |" in document


def payloads() -> list[str]:
    """Return the JSON of the value of each `backfill` in the documents."""
    texts = [path.read_text(encoding="utf-8").replace('\\"', '"') for path in sorted((ROOT / "docs").glob("*.md"))]
    values = [each for text in texts for each in re.findall(r'\{"backfill": (\{.*?\})\}', text)]
    # $year is a variable of the shell, and {…} is a placeholder.
    return [each.replace("$year", "2024") for each in values if each != "{…}"]


@pytest.mark.parametrize("payload", payloads())
def test_every_backfill_in_the_documents_is_one_of_the_ingest_function(payload: str):
    value = json.loads(payload)
    kinds: dict[str, type[msgspec.Struct]] = {
        "accept": decisions.Acceptance,
        "remove": decisions.Removal,
        "year": cotahist.MarketBackfill,
        "day": cotahist.MarketBackfill,
        "start": backfill.Backfill,
        "source": cotahist.MarketBackfill,
    }
    kind = next(kind for name, kind in kinds.items() if name in value)

    assert msgspec.convert(value, kind)


def test_the_data_dictionary_is_that_of_the_schema():
    assert data_dictionary.PATH.read_text(encoding="utf-8") == data_dictionary.text(), "run make docs"


def test_data_quality_is_that_of_the_rules_on_the_real_history(real_csv: Path):
    assert data_quality.PATH.read_text(encoding="utf-8") == data_quality.text(), "run make docs"


def test_the_tables_of_the_forecasts_are_those_of_the_real_history(real_csv: Path):
    # The block of GARCH needs an environment of its own.
    assert forecasts.PATH.read_text(encoding="utf-8") == forecasts.text(garch=False), "run make forecasts"


def source_files() -> list[Path]:
    """Return every Python file of the project, without `build/` and hidden folders."""
    folders = [path for path in ROOT.iterdir() if path.is_dir() and path.name != "build" and path.name[0] != "."]
    return [*ROOT.glob("*.py"), *(path for folder in folders for path in folder.rglob("*.py"))]


def test_the_library_does_not_read_the_reference_that_the_rules_are_judged_by():
    for path in (ROOT / "chalicelib").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "close_ok" not in source, path
        assert '"official_close"' not in source, path


def documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_that_exist(document: Path):
    for link in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
        if not link.startswith("http"):
            path, _, anchor = link.partition("#")
            target = document.parent / path if path else document
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"build", ".venv"}


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_and_test_that_is_named_exists(document: Path):
    """A path in backquotes is checked if its first part is a folder of the project; `path::test` names a test."""
    spans = re.findall(r"`([^`\s]+)`", document.read_text(encoding="utf-8"))
    for span in spans:
        path, *names = span.split("::")
        if path.partition("/")[0] in FOLDERS and "/" in path:
            assert (ROOT / path).exists(), span
            for name in names:
                source = (ROOT / path).read_text(encoding="utf-8")
                assert re.search(rf"^ *(def|class) {name}\b", source, re.MULTILINE), span


def test_the_readme_names_every_route():
    readme = README.read_text(encoding="utf-8")
    app = (ROOT / "app.py").read_text(encoding="utf-8")

    for route in re.findall(r'@app\.route\("([^"]+)"', app):
        assert f"`{route}`" in readme or route == "/", route


def test_the_readme_names_every_folder():
    readme = README.read_text(encoding="utf-8")
    tree = readme.partition("## Where is what")[2].partition("```text\n")[2].partition("```")[0]
    folders = {path.name for path in ROOT.glob("[!._]*") if path.is_dir() and path.name != "build"}
    packages = {path.name for path in (ROOT / "chalicelib").iterdir() if (path / "__init__.py").exists()}

    for name in folders | packages:
        assert re.search(rf"^ *{name}/ ", tree, re.MULTILINE), name


def test_both_readmes_have_the_same_commands_and_sections():
    english, portuguese = (path.read_text(encoding="utf-8") for path in (README, README_PT))

    for pattern in (r"^(#+) ", r"^```(\w*)$", r"^(\|)", r"^(- )", r"\]\(((?!README)[^)]+)\)"):
        matches = [re.findall(pattern, text, re.MULTILINE) for text in (english, portuguese)]
        assert len(matches[0]) == len(matches[1]), pattern
        assert sorted(matches[0]) == sorted(matches[1]), pattern
    assert blocks(english) == blocks(portuguese)
    assert spans(english) == spans(portuguese)


def blocks(text: str) -> list[str]:
    """Return the fenced blocks of code; of a `text` block, which is translated, the first word of each line."""
    matches = re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [
        "\n".join(line.split()[0] for line in body.splitlines()) if language == "text" else body
        for language, body in matches
    ]


def spans(text: str) -> list[str]:
    """Return the inline code outside of fenced blocks, sorted."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return sorted(re.findall(r"`([^`\n]+)`", prose))


def test_the_rendered_notebook_is_labelled_and_that_of_the_notebook():
    page = (ROOT / "docs" / "notebook" / "README.md").read_text(encoding="utf-8")
    notebook = json.loads((ROOT / NOTEBOOK).read_text(encoding="utf-8"))

    assert "Synthetic data: no number on this page is real." in page.partition("\n# ")[0]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert "".join(cell["source"]) in page, "run make notebook-page"


def test_the_newest_entry_of_the_changelog_is_the_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.MULTILINE)

    assert versions[0] == __version__


def test_pre_commit_runs_the_checks_of_make_lint():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    (targets,) = re.findall(r"^lint: (.+)$", makefile, re.MULTILINE)

    assert re.findall(r"entry: make (\w+)$", hooks, re.MULTILINE) == targets.split()
