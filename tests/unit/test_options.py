"""An option of `make deploy` is in the Makefile, in infra/options.py and in the main template."""

from __future__ import annotations

import os
import subprocess

import pytest

from common import templates
from common.paths import ROOT, TEMPLATES
from infra.options import PRESERVED_PARAMETERS, STACK_OPTIONS, StackOption

PARAMETERS = templates.load(TEMPLATES / "main.yaml")["Parameters"]


def deploy_command(**variables: str) -> str:
    """Return the command line of `make deploy` with these variables."""
    arguments = [f"{name}={value}" for name, value in {"STAGE": "dev", **variables}.items()]
    # --old-file: do not look at the environment, which `make deploy` installs first.
    command = ["make", "--dry-run", "--old-file=.venv/dev-installed", "deploy", *arguments]
    # Without the variables of a make that runs the tests: with them, this one reports the folders it enters.
    environ = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    process = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=True)
    return " ".join(process.stdout.replace("\\\n", " ").split())


@pytest.mark.parametrize("option", STACK_OPTIONS, ids=lambda option: option.variable)
def test_make_passes_each_option(option: StackOption):
    assert deploy_command(**{option.variable: "value"}).endswith(f"deploy --stage 'dev' {option.flag} 'value'")


def test_make_passes_the_version():
    assert deploy_command(VERSION="v2.0.0").endswith("deploy --stage 'dev' --version 'v2.0.0'")


def test_make_passes_no_variable_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    for variable in (*(option.variable for option in STACK_OPTIONS), "VERSION"):
        monkeypatch.setenv(variable, "value")

    assert deploy_command().endswith("deploy --stage 'dev'")


def test_each_option_is_a_parameter_of_the_template():
    assert {*PRESERVED_PARAMETERS} <= PARAMETERS.keys()
    for option in STACK_OPTIONS:
        # The template may have integers; the options of a command line are text.
        allowed = tuple(map(str, PARAMETERS[option.parameter].get("AllowedValues", ())))
        assert allowed == (option.choices or ())


def test_each_parameter_with_a_default_keeps_its_value():
    assert {name for name, parameter in PARAMETERS.items() if "Default" in parameter} <= {*PRESERVED_PARAMETERS}
