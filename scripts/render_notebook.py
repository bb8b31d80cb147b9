"""Render the analyst's notebook with its outputs into docs/notebook. `make notebook-page`.

It runs over the generated sample, and the page says so first: the licence of the real history is unknown.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

from common.paths import ROOT
from local.notebook_command import NOTEBOOK
from scripts.screenshots import save, served

FOLDER = ROOT / "docs" / "notebook"

SECONDS = 300
"""Time-out of a cell."""

HEAD = """\
> **Dados gerados: nenhum número desta página é real.** `make notebook-page` executa
> [o notebook](../../notebooks/athena_queries.ipynb) sobre a amostra de `make run SOURCE=sample`.
>
> **Synthetic data: no number on this page is real.** `make notebook-page` runs
> [the notebook](../../notebooks/athena_queries.ipynb) over the sample of `make run SOURCE=sample`.

"""

# GitHub shows the text of a style element, and the identifiers of a table are random.
_STYLE = re.compile(r"<style.*?</style>\s*", re.DOTALL)
_ATTRIBUTES = re.compile(
    r'(<(?:table|thead|tbody|tr|th|td|caption|div|span)\b)[^>]*?((?: (?:colspan|rowspan)="?\d+"?)*)\s*>'
)
_INDENT = re.compile(r"^[ \t]+(?=<)", re.MULTILINE)


def markdown(notebook: Any) -> tuple[str, dict[str, bytes]]:
    """Return an executed notebook as Markdown, and its pictures by name."""
    body, resources = MarkdownExporter().from_notebook_node(notebook)
    text = _INDENT.sub("", _ATTRIBUTES.sub(r"\1\2>", _STYLE.sub("", body)))
    return HEAD + text.replace("](../docs/", "](../"), resources["outputs"]


def execute() -> Any:
    """Return the notebook with the outputs of the sample."""
    path = ROOT / NOTEBOOK
    notebook: Any = nbformat.read(path, as_version=4)
    with served() as url:
        os.environ["IBOV_API_URL"] = url
        NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(path.parent)}}).execute()
    return notebook


def main() -> None:
    """Replace the folder."""
    text, pictures = markdown(execute())
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    (FOLDER / "README.md").write_text(text, encoding="utf-8")
    for name, picture in pictures.items():
        save(picture, FOLDER / name)


if __name__ == "__main__":
    main()
