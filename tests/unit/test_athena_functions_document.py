"""The list of the functions of the local Athena is the generated one."""

from __future__ import annotations

from local.athena.functions import FUNCTIONS
from scripts import athena_functions


def test_the_document_is_that_of_the_declarations():
    assert athena_functions.PATH.read_text(encoding="utf-8") == athena_functions.text()


def test_the_document_names_every_function():
    document = athena_functions.text()

    assert [name for name in FUNCTIONS if f"- `{name}`: " not in document] == []
