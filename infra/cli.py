"""The command line of a stage on AWS: deploy it, destroy it, get its folder, replay what failed."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence

from chalicelib.errors import B3Error
from common.console import Parser
from infra import clients
from infra.commands import deploy, destroy, folder, replay
from infra.options import Options, World

ARCHITECTURES = ("x86_64", "arm64")


def main(argv: Sequence[str], world: World | None = None) -> int:
    """Do what the command line says. Returns the exit status: 1 if that failed.

    Raises:
        SystemExit: with 2, if the command line is not one that can be done.
    """
    arguments = _parse(argv)
    commands = {
        "deploy": deploy.run,
        "destroy": destroy.run,
        "folder": folder.run,
        "replay": replay.run,
    }
    try:
        commands[arguments.command](_options(arguments), world or World())
    except clients.ERRORS as error:
        print(f"error: {clients.explained(error)}", file=sys.stderr)
        return 1
    except B3Error as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped: what was done stays; repeat the command to go on from there", file=sys.stderr)
        return 1
    return 0


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(prog="python -m infra", description="b3-dataflow on AWS. See README.md and docs/operations.md.")
    names = "deploy|destroy|folder|replay"
    commands = parser.add_subparsers(title="commands", dest="command", required=True, metavar=names)
    deploy = commands.add_parser("deploy", help="create a stage, or bring it to this version of the project")
    deploy.add_argument("--email", type=_email, help="who is told of alarms; '' for nobody (default: as it is)")
    deploy.add_argument("--arch", choices=ARCHITECTURES, help="of the functions (default: as it is, or x86_64)")
    deploy.add_argument("--budget", type=_dollars, help="US dollars a month; 0 for none (default: as it is)")
    destroy = commands.add_parser("destroy", help="remove a stage; its data stays")
    destroy.add_argument("--data", choices=("keep", "delete"), default="keep", help="(default: %(default)s)")
    folder = commands.add_parser("folder", help="fill build/deploy/STAGE, where Chalice's own commands work")
    replay = commands.add_parser("replay", help="send the events in a stage's failure queue to their functions again")
    for command in (deploy, destroy, folder, replay):
        command.add_argument("--stage", required=True, help="dev, prod, or another of .chalice/config.json")
        command.add_argument("--region", help="as us-east-1 (default: what AWS_DEFAULT_REGION or the profile says)")
    for command in (deploy, destroy):
        command.add_argument("--yes", action="store_true", help="do not ask whether to go ahead")
        command.add_argument("--dry-run", action="store_true", help="only tell the plan: asks nothing of AWS")
    return parser.parse_args(argv)


def _options(arguments: argparse.Namespace) -> Options:
    return Options(
        arguments.stage,
        arguments.region,
        getattr(arguments, "yes", False),
        getattr(arguments, "dry_run", False),
        getattr(arguments, "arch", None),
        getattr(arguments, "email", None),
        getattr(arguments, "budget", None),
        getattr(arguments, "data", "keep") == "delete",
    )


def _dollars(text: str) -> int:
    if not (text.isdecimal() and text.isascii()):
        raise argparse.ArgumentTypeError(f"{text!r} is no sum; allowed: whole dollars, or 0 for no budget")
    return int(text)


def _email(text: str) -> str:
    if text and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no address; allowed: as you@example.org, or '' for nobody")
    return text
