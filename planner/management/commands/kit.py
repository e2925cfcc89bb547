"""Writes adoption kits: files for a team's repository, filled in for its deployment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser
from django.utils import timezone

from planner.management.command import Command as BaseCommand
from planner.rendering.kit import KITS, kit_files
from planner.selectors.kit import kit_values
from planner.selectors.package import package

if TYPE_CHECKING:
    from planner.domain.kit import KitValues
    from planner.models import Deployment


class Command(BaseCommand):
    help = "Write adoption kits: " + "; ".join(f"{name}, {kit.title}" for name, kit in KITS.items())

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "name", nargs="?", choices=[*KITS], metavar="NAME", help="every kit by default"
        )
        parser.add_argument("--deployment", required=True, metavar="SLUG", help="the deployment")
        parser.add_argument(
            "--output", required=True, metavar="DIR", help="the top folder of the repository"
        )

    def handle(self, *, name: str | None, deployment: str, output: str, **options: Any) -> None:
        values = self._values(self.deployment(deployment))
        kits = [KITS[name]] if name else [*KITS.values()]
        written: list[str] = []
        for kit in kits:
            for path, text in kit_files(kit, values).items():
                self._write(Path(output) / path, text)
                written.append(path)
        if options["json"]:
            self.print_json(
                {
                    "deployment": values.slug,
                    "folder": str(Path(output).absolute()),
                    "files": written,
                }
            )
            return
        for path in written:
            self.stdout.write(f"Wrote {Path(output) / path}")
        for kit in kits:
            for step in kit.next_steps:
                self.stdout.write(f"- {step.replace('SLUG', values.slug)}")

    def _values(self, deployment: Deployment) -> KitValues:
        found = package()
        if found is None or not found.dependencies:
            self.fail(
                "The package upgradecheck was not built here with the hashes of what it needs; run"
                " `make install` where the package index can be reached."
            )
        return kit_values(deployment, found, year=timezone.now().year)

    def _write(self, file: Path, text: str) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            self.fail(f"{file}: cannot be written, {error.strerror or error}.")
