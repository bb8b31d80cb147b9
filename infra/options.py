"""Options of the commands.

To add an option of `make deploy`: a parameter in infra/templates/main.yaml, a `StackOption` here, a variable in the
Makefile.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a command.

    Attributes:
        region: AWS region, None for the default of the environment.
        yes: Whether to skip the confirmation.
        dry_run: Whether to print the plan only.
        delete_data: Whether `destroy` deletes the data too.
        version: Tag or commit that `deploy` takes instead of the checkout, None for the checkout.
        parameters: Values of the main stack's parameters, by name. A parameter that is absent keeps its value.
    """

    stage: str
    region: str | None = None
    yes: bool = False
    dry_run: bool = False
    delete_data: bool = False
    version: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StackOption:
    """An option of `deploy` that sets a parameter of the main stack. Without it the stack keeps the parameter's value.

    Attributes:
        variable: Variable of the Makefile, such as BUDGET. In lower case it is the flag, `--budget`.
        parameter: Parameter of infra/templates/main.yaml.
        help: Help text.
        parse: Returns the value of the parameter, or raises `argparse.ArgumentTypeError`.
        choices: Allowed values, None for all that `parse` accepts.
    """

    variable: str
    parameter: str
    help: str
    parse: Callable[[str], str] = str
    choices: tuple[str, ...] | None = None

    @property
    def flag(self) -> str:
        """Flag of the command line."""
        return f"--{self.variable.lower().replace('_', '-')}"


def _email(text: str) -> str:
    if text and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an e-mail address; allowed: as you@example.org, or ''")
    return text


def _policy(text: str) -> str:
    if text and not re.fullmatch(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\w+=,.@/-]+", text, re.ASCII):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not the ARN of a policy; allowed: as arn:aws:iam::123456789012:policy/name, or ''"
        )
    return text


def _dollars(text: str) -> str:
    if not (text.isdecimal() and text.isascii()):
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount; allowed: whole dollars, or 0 for no budget")
    return str(int(text))


ARCHITECTURE = StackOption(
    "ARCH",
    "LayerArchitecture",
    "architecture of the functions (default: unchanged; x86_64 in a new stage)",
    choices=("x86_64", "arm64"),
)
EMAIL = StackOption("EMAIL", "AlarmEmail", "address that receives the alarms; '' for none (default: unchanged)", _email)
BUDGET = StackOption("BUDGET", "MonthlyBudget", "US dollars a month; 0 for no budget (default: unchanged)", _dollars)
B3 = StackOption(
    "B3",
    "OfficialCloses",
    "whether the ingest requests official closes from B3 (default: unchanged; yes in a new stage)",
    choices=("yes", "no"),
)
MARKET = StackOption(
    "MARKET",
    "Market",
    "whether the files of the whole market are collected and refined (default: unchanged; no in a new stage)",
    choices=("yes", "no"),
)
BOUNDARY = StackOption(
    "BOUNDARY",
    "PermissionsBoundary",
    "ARN of a policy that bounds the permissions of every role; '' for none (default: unchanged)",
    _policy,
)
ACCESS_LOGS = StackOption(
    "ACCESS_LOGS",
    "AccessLogs",
    "whether API Gateway logs each request (default: unchanged; yes in a new stage)",
    choices=("yes", "no"),
)

STACK_OPTIONS = (ARCHITECTURE, EMAIL, BUDGET, B3, MARKET, BOUNDARY, ACCESS_LOGS)
"""Options of `deploy`."""

PRESERVED_PARAMETERS = (*(option.parameter for option in STACK_OPTIONS), "LogRetentionDays", "Crawler")
"""Parameters that keep their previous values in an update that does not set them. The last two have no option: change
them in the console."""
