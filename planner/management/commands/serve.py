"""Runs web, worker and beat together until Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.printer import Message, Printer

from planner.management.command import Command as BaseCommand
from planner.services.sign_in import first_superuser, link_make, person_for_link

FIRST_PERSON = "admin"
"""Who becomes superuser where there is none yet."""
READY = "Flightplan answers"
"""What the web process logs once it listens; see gunicorn.conf.py."""


class Command(BaseCommand):
    help = "Start web, worker and beat together, and print the address and a sign-in link."

    def handle(self, **options: Any) -> None:
        self._refuse_a_used_port()
        manager = Manager(Announcer(self._link()))
        for name, command in _processes().items():
            manager.add_process(name, command, env=_environment(), cwd=str(settings.BASE_DIR))
        _stop_with_the_terminal()
        manager.loop()
        stopped_by_hand = manager.returncode in (130, 143)
        sys.exit(0 if stopped_by_hand else manager.returncode)

    def _refuse_a_used_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.HOST, settings.PORT))
            except OSError as error:
                self.fail(
                    f"Port {settings.PORT} of {settings.HOST} cannot be used ({error.strerror}). "
                    f"Stop what uses it, or choose another: PORT={settings.PORT + 1} make run"
                )

    def _link(self) -> str:
        user = first_superuser() or person_for_link(email=FIRST_PERSON)[0]
        return f"{settings.BASE_URL}/sign-in/{link_make(user=user, now=timezone.now())}/"


class Announcer(Printer):
    """Prints what the processes say, and where to go once the web process listens."""

    def __init__(self, link: str) -> None:
        super().__init__(sys.stderr)
        self._link = link

    def write(self, message: Message) -> None:
        super().write(message)
        if READY in str(message.data):
            sys.stdout.write(
                f"\n  Flightplan: {settings.BASE_URL}/\n"
                f"  Sign in once with: {self._link}\n"
                f"  Stop with Ctrl-C.\n\n"
            )
            sys.stdout.flush()


def _stop_with_the_terminal() -> None:
    """A closed terminal stops everything, as Ctrl-C does; the processes would outlive it else."""
    ours = os.getpid()

    def stop(*_: object) -> None:
        # The processes between us and theirs get the signal too; they are told by us.
        if os.getpid() == ours:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.dup2(nowhere, sys.stderr.fileno())
            os.kill(ours, signal.SIGTERM)

    signal.signal(signal.SIGHUP, stop)


def _processes() -> dict[str, str]:
    return dict(parse_procfile((Path(settings.BASE_DIR) / "Procfile").read_text()).processes)


def _environment() -> dict[str, str]:
    """Ours, with the programs of this Python first on the path, whatever shell started us."""
    programs = str(Path(sys.executable).parent)
    path = os.pathsep.join([programs, os.environ.get("PATH", os.defpath)])
    return os.environ | {"PATH": path, "PYTHONUNBUFFERED": "1"}
