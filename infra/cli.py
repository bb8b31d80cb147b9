"""Command line of the stages on AWS: deploy, destroy, folder, replay, status."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from chalicelib.errors import B3Error
from common.console import Parser
from infra import clients
from infra.commands import deploy, destroy, folder, replay, status
from infra.dependencies import Dependencies
from infra.options import STACK_OPTIONS, Options

_COMMANDS = {
    "deploy": deploy.run,
    "destroy": destroy.run,
    "folder": folder.run,
    "replay": replay.run,
    "status": status.run,
}


def main(argv: Sequence[str], dependencies: Dependencies | None = None) -> int:
    """Run a command and return its exit status: 0, or 1 after an error.

    Raises:
        SystemExit: with status 2, if an argument is invalid.
    """
    arguments = _parser().parse_args(argv)
    try:
        _COMMANDS[arguments.command](_options(arguments), dependencies or Dependencies())
    except clients.ERRORS as error:
        print(f"error: {clients.explain(error)}", file=sys.stderr)
        return 1
    except B3Error as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped: repeat the command to continue", file=sys.stderr)
        return 1
    return 0


def _parser() -> Parser:
    parser = Parser(prog="python -m infra", description="b3-dataflow on AWS. See README.md and docs/operations.md.")
    commands = parser.add_subparsers(title="commands", dest="command", required=True, metavar="|".join(_COMMANDS))
    deploy = commands.add_parser("deploy", help="create a stage, or update it to this version of the project")
    for option in STACK_OPTIONS:
        deploy.add_argument(
            option.flag,
            dest=option.parameter,
            type=option.parse,
            choices=option.choices,
            metavar=None if option.choices else option.variable,
            help=option.help,
        )
    deploy.add_argument("--version", help="tag or commit to deploy, from a temporary worktree (default: this checkout)")
    destroy = commands.add_parser("destroy", help="delete a stage; its data stays by default")
    destroy.add_argument("--data", choices=("keep", "delete"), default="keep", help="(default: %(default)s)")
    folder = commands.add_parser("folder", help="write build/deploy/STAGE, a folder for the commands of Chalice")
    replay = commands.add_parser("replay", help="invoke the functions again with the events in the failure queue")
    status = commands.add_parser("status", help="print what runs, how good the data are, and the cost")
    for command in (deploy, destroy, folder, replay, status):
        command.add_argument("--stage", required=True, help="a stage of .chalice/config.json, such as dev or prod")
        command.add_argument("--region", help="such as us-east-1 (default: AWS_DEFAULT_REGION, or that of the profile)")
    for command in (deploy, destroy):
        command.add_argument("--yes", action="store_true", help="do not ask for confirmation")
        command.add_argument("--dry-run", action="store_true", help="print the plan only, without a call to AWS")
    return parser


def _options(arguments: argparse.Namespace) -> Options:
    parameters = {option.parameter: getattr(arguments, option.parameter, None) for option in STACK_OPTIONS}
    return Options(
        stage=arguments.stage,
        region=arguments.region,
        yes=getattr(arguments, "yes", False),
        dry_run=getattr(arguments, "dry_run", False),
        delete_data=getattr(arguments, "data", "keep") == "delete",
        version=getattr(arguments, "version", None),
        parameters={name: value for name, value in parameters.items() if value is not None},
    )
