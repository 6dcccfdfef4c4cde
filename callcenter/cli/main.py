"""The arguments, and which command they mean. Commands are imported when they are called: the help stays quick."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from importlib import import_module

import uvloop

from callcenter import __version__, config
from callcenter.cli import simulate
from callcenter.core.errors import ProductError
from callcenter.core.plans import PLANS
from callcenter.http.permissions import ROLES


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code (0 done, 1 failed, 2 wrong use)."""
    args = parser().parse_args(arguments)
    try:
        settings = config.load()
    except config.SettingsError as error:
        return _fail(str(error))
    module, _, name = args.run.partition(":")
    try:
        command = getattr(import_module(module), name)
        if name == "run" and module == "callcenter.demo.main":
            return int(command(settings))
        done = command(settings, args)
        if not asyncio.iscoroutine(done):
            return int(done)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return int(runner.run(done))
    except ProductError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands with their arguments."""
    top = argparse.ArgumentParser(prog="callcenter", description="A call centre beside Asterisk.")
    top.add_argument("--version", action="version", version=f"callcenter {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(where: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run: str, about: str):  # type: ignore[no-untyped-def]
        made = where.add_parser(name, help=about, description=about)
        made.set_defaults(run=run)
        return made

    add(commands, "serve", "callcenter.cli.serve:serve", "run the server until Ctrl-C or SIGTERM")
    add(commands, "demo", "callcenter.demo.main:run", "run Asterisk, the server and robots with a made-up business")
    add(
        commands,
        "asterisk",
        "callcenter.cli.asterisk:run",
        "run Asterisk alone in the foreground (`serve` goes beside it)",
    )
    add(commands, "dialplan", "callcenter.cli.asterisk:dialplan", "write Asterisk's configuration and have it read")
    migrate = add(commands, "migrate", "callcenter.cli.database:migrate", "bring the database up to date")
    migrate.add_argument("--to", default="head", help="revision to go to (default: the newest)")
    doctor = add(commands, "doctor", "callcenter.cli.doctor:doctor", "check everything and say what to do")
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")
    pace = add(
        commands, "pace", "callcenter.cli.pace:pace", "the predictive dialer's pacer, asked line by line in JSON"
    )
    pace.add_argument(
        "--stdio", action="store_true", required=True, help="ask on standard input, answer on standard output"
    )
    simulate.arguments(
        add(commands, "simulate", "callcenter.cli.simulate:simulate", "try the dialer's pacers on virtual days")
    )

    users = commands.add_parser("user", help="people who sign in").add_subparsers(required=True, metavar="ACTION")
    create = add(users, "create", "callcenter.cli.people:create_user", "add a person, and the business if it is new")
    create.add_argument("--email", required=True)
    create.add_argument("--name", default="")
    create.add_argument("--role", choices=ROLES, default="administrator")
    create.add_argument("--business", default="", help="name or id of the business (default: the only one)")
    create.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    add(users, "list", "callcenter.cli.people:list_users", "list people with their businesses and roles")
    password = add(users, "password", "callcenter.cli.people:set_password", "set a person's password")
    password.add_argument("--email", required=True)
    password.add_argument("--password-stdin", action="store_true", help="read the password from standard input")

    plans = commands.add_parser("plan", help="what a business has of the paid parts").add_subparsers(
        required=True, metavar="ACTION"
    )
    chosen = add(plans, "set", "callcenter.cli.people:set_plan", "put a business on a plan")
    chosen.add_argument("--business", default="", help="name or id of the business (default: the only one)")
    chosen.add_argument("plan", choices=PLANS)
    add(plans, "list", "callcenter.cli.people:list_plans", "list businesses with their plans")

    tokens = commands.add_parser("token", help="API tokens").add_subparsers(required=True, metavar="ACTION")
    make = add(tokens, "create", "callcenter.cli.people:create_token", "make a token and print it, nothing else")
    make.add_argument("--user", required=True, metavar="EMAIL")
    make.add_argument("--business", default="", help="name or id of the business (default: the person's first)")
    make.add_argument("--days", type=int, default=None, help="how long it lasts (default: without end)")
    make.add_argument("--name", default="command line")
    make.add_argument("--scope", action="append", default=[], metavar="PERMISSION", help="may be repeated")
    listing = add(tokens, "list", "callcenter.cli.people:list_tokens", "list tokens")
    listing.add_argument("--user", default="", metavar="EMAIL")
    revoke = add(tokens, "revoke", "callcenter.cli.people:revoke_token", "revoke a token by its id or its beginning")
    revoke.add_argument("token")
    return top


def _fail(text: str) -> int:
    print(f"callcenter: {text}", file=sys.stderr)
    return 1
