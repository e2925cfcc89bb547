"""What every command of ours shares: one JSON document, one clear sentence on failure."""

from __future__ import annotations

import json
import os
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    handle_default_options,
)
from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connections

from planner.selectors.deployment import deployment_named

if TYPE_CHECKING:
    from planner.models import Deployment

USAGE_ERROR = 2
DEPLOYMENTS = "planner_deployment"
"""A table that is there once the database was migrated."""


class Command(BaseCommand):
    """A command that prints for people by default and exactly one JSON document with ``--json``.

    Subclasses write ``add_arguments`` and ``handle``. What they print goes to ``self.stdout``;
    progress goes through ``say``; anything the caller got wrong goes through ``fail``, which ends
    with exit code 2 and no traceback, as wrong arguments do.
    """

    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        return parser

    def fail(self, sentence: str) -> NoReturn:
        """Stop with one clear sentence and exit code 2."""
        raise CommandError(sentence, returncode=USAGE_ERROR)

    def say(self, text: str) -> None:
        """Tell the person at the terminal something that is not the answer."""
        self.stderr.write(text, style_func=str)

    def print_json(self, document: Any) -> None:
        """Print the one JSON document."""
        self.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, default=str))

    def deployment(self, slug: str) -> Deployment:
        """The deployment of that slug; fails with a sentence where there is none."""
        found = deployment_named(slug)
        if found is None:
            self.fail(f"There is no deployment “{slug}”. Create it with: facts {slug} FILE.toml")
        return found

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            parser = self.create_parser(argv[0], argv[1])
            options = vars(parser.parse_args(argv[2:]))
            handle_default_options(SimpleNamespace(**options))  # type: ignore[arg-type]
            self.execute(*options.pop("args", ()), **options)
            sys.stdout.flush()
        except CommandError as error:
            self.say(str(error).removeprefix("Error: "))
            sys.exit(USAGE_ERROR if str(error).startswith("Error: ") else error.returncode)
        except DatabaseError as error:
            connections.close_all()
            self._refuse_without_database(error)
            if DEPLOYMENTS in connections[DEFAULT_DB_ALIAS].introspection.table_names():
                raise
            self.say("The database has no tables yet; make them with: manage.py migrate")
            sys.exit(USAGE_ERROR)
        except BrokenPipeError:
            # Whoever read our output has gone; the interpreter must not flush into the pipe again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        finally:
            connections.close_all()

    def _refuse_without_database(self, error: DatabaseError) -> None:
        """Say so where the database does not answer at all; any other error is told as it is."""
        try:
            connections[DEFAULT_DB_ALIAS].ensure_connection()
        except OperationalError:
            host = connections[DEFAULT_DB_ALIAS].settings_dict["HOST"] or "this machine"
            self.say(f"The database on {host} does not answer; start it, or mend DATABASE_URL.")
            raise SystemExit(USAGE_ERROR) from error
