"""The command line `python -m local`."""

from __future__ import annotations

import argparse
import logging
import math
import signal
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from chalicelib import wiring
from chalicelib.errors import B3Error
from common.console import Parser
from local import backfill_command, market_command, notebook_command, run_command, sources
from local.defaults import AWS_PORT, PORT


def main(argv: Sequence[str]) -> int:
    """Run a command. Returns the exit status: 0, or 1 if it failed.

    Raises:
        SystemExit: status 2, the command line is invalid.
    """
    arguments = _parse(argv)
    # The printed error has the same text as the warnings of yfinance.
    logging.getLogger("yfinance").setLevel(logging.ERROR)
    # Stop on `kill` as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        # Report an invalid setting before the command starts.
        wiring.settings()
        arguments.command(arguments)
    except B3Error as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped: nothing is left running")
    return 0


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        prog="python -m local",
        description="Run all of b3-dataflow on this machine: a local AWS, one ingest, the Glue job, and the API.",
    )
    parser.set_defaults(command=run_command.run)
    parser.add_argument("--source", default="auto", help=f"{sources.ALLOWED} (default: auto: Yahoo, or else sample)")
    parser.add_argument(
        "--port", type=_port, default=PORT, help="port of the API; 0 for a free one (default: %(default)s)"
    )
    parser.add_argument("--aws-port", type=_port, default=AWS_PORT, help="port of the local AWS (default: %(default)s)")
    parser.add_argument(
        "--athena-latency",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="minimum time of each Athena query; on AWS about one second (default: %(default)s)",
    )
    parser.add_argument(
        "--b3",
        default="",
        metavar="FILE",
        help="official closes in a file, a path or s3://bucket/key (default: request them from B3, with Yahoo's bars)",
    )
    parser.add_argument(
        "--lake",
        type=_folder,
        metavar="FOLDER",
        help="keep the lake in this folder between runs (default: the lake is in memory, and lost at the end)",
    )
    commands = parser.add_subparsers(title="commands", metavar="backfill | market | notebook")
    _add_backfill(commands)
    _add_market(commands)
    _add_notebook(commands)
    arguments = parser.parse_args(argv)
    if arguments.command is backfill_command.run:
        without_days = arguments.accept or backfill_command.market_file(arguments)
        if not without_days and not (arguments.start and arguments.end):
            parser.error("the following arguments are required: --start, --end")
        _check_decision(parser, arguments)
    return arguments


def _check_decision(parser: Parser, arguments: argparse.Namespace) -> None:
    """Refuse options that a removal, an acceptance or a file of the market would ignore."""
    days = {"--start": arguments.start, "--end": arguments.end}
    options = {"--source": arguments.source, "--as-correction": arguments.as_correction}
    decision = "--accept" if arguments.accept else "--remove" if arguments.remove else None
    if decision is None and backfill_command.market_file(arguments):
        decision, options = "--source cotahist:…", {"--as-correction": arguments.as_correction, **days}
    if decision is None:
        return
    if arguments.accept:
        options |= days
    if unused := [name for name, value in options.items() if value]:
        parser.error(f"{decision} does not take {', '.join(unused)}")


def _add_backfill(commands: argparse._SubParsersAction[Parser]) -> None:
    backfill = commands.add_parser(
        "backfill",
        help="fetch past days again, into the lake of a running `make run`",
        description="Fetch past days from a source again, and add them to raw in the lake of a running `make run`.",
    )
    backfill.set_defaults(command=backfill_command.run)
    backfill.add_argument("--start", type=_day, metavar="DAY", help="first day, such as 2025-12-31")
    backfill.add_argument("--end", type=_day, metavar="DAY", help="last day, inclusive")
    decision = backfill.add_mutually_exclusive_group()
    decision.add_argument("--remove", action="store_true", help="remove the bars of these days, instead of a download")
    decision.add_argument(
        "--accept", metavar="KEY", help="accept a raw object that is held back, without --start, --end"
    )
    backfill.add_argument(
        "--as-correction", action="store_true", help="give these bars precedence over every other source"
    )
    backfill.add_argument("--dry-run", action="store_true", help="print the sessions that would change, write nothing")
    backfill.add_argument(
        "--source", help=f"{sources.BACKFILL_ALLOWED} (default: sample if the lake is synthetic, else yahoo)"
    )
    backfill.add_argument(
        "--aws-port", type=_port, default=AWS_PORT, help="port of the local AWS (default: %(default)s)"
    )


def _add_market(commands: argparse._SubParsersAction[Parser]) -> None:
    market = commands.add_parser(
        "market",
        help="add B3's files of the market to a running `make run`, and refine them on Spark",
        description="Add files of COTAHIST to the lake of a running `make run`, and run the market's job on Spark.",
    )
    market.set_defaults(command=market_command.run)
    market.add_argument(
        "--cotahist", required=True, metavar="PATH", help="a zip or text of COTAHIST, or a folder of them"
    )
    market.add_argument("--aws-port", type=_port, default=AWS_PORT, help="port of the local AWS (default: %(default)s)")


def _add_notebook(commands: argparse._SubParsersAction[Parser]) -> None:
    notebook = commands.add_parser(
        "notebook",
        help="open the analyst's notebook in Jupyter, beside a running `make run`",
        description="Open the analyst's notebook in Jupyter, on the data of a running `make run`.",
    )
    notebook.set_defaults(command=notebook_command.run)
    notebook.add_argument("--port", type=_port, default=PORT, help="port of the API (default: %(default)s)")
    notebook.add_argument(
        "--aws-port", type=_port, default=AWS_PORT, help="port of the local AWS (default: %(default)s)"
    )
    notebook.add_argument(
        "--jupyter-port",
        type=_port,
        default=notebook_command.PORT,
        help="port of Jupyter; the next free one if it is in use (default: %(default)s)",
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; allowed: YYYY-MM-DD") from None


def _folder(text: str) -> Path | None:
    # `make run` passes an empty text where LAKE is not set.
    return Path(text) if text else None


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; allowed: 0 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds; allowed: 0 or more")
    return seconds
