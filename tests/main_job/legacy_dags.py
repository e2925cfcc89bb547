"""A git repository of real DAG files in old habits, and what a week of work did to it.

The files are those of ``tests/reports/dags``. Every change is of one kind, in files of its own, so
that each kind's outcome can be told from the others'.
"""

from __future__ import annotations

from pathlib import Path

from tests.repository import Repository

DAGS = Path(__file__).parent.parent / "reports" / "dags"
FIRST = {
    "dags/finance/subdag.py": "subdag.py",
    "dags/finance/dataset_import.py": "dataset_import.py",
    "dags/finance/days_ago.py": "days_ago.py",
    "dags/marketing/provide_context.py": "provide_context.py",
    "dags/marketing/dummy_op.py": "dummy_op.py",
    "dags/ops/dag_args.py": "dag_args.py",
    "dags/ops/schedule_interval.py": "schedule_interval.py",
    "dags/ops/sla.py": "sla.py",
    "dags/ops/no_schedule_arg.py": "no_schedule_arg.py",
    "dags/ops/bad.py": "bad.py",
}
CODEOWNERS = """\
/dags/finance/   @org/finance
/dags/payments/  @org/finance
/dags/ops/       @org/ops
"""


def first_week(folder: Path) -> Repository:
    """The repository as it is scanned first."""
    repository = Repository(folder)
    for path, name in FIRST.items():
        repository.write(path, (DAGS / name).read_text())
    repository.write("CODEOWNERS", CODEOWNERS)
    repository.commit()
    return repository


def second_week(repository: Repository) -> None:
    """One finding mended, one made, lines moved, a file renamed, one deleted, a folder renamed."""
    _edit(repository, "dags/ops/dag_args.py", 'default_view="graph", ', "")
    _edit(
        repository,
        "dags/ops/sla.py",
        "with DAG(",
        "from airflow.operators.dummy import DummyOperator\nDummyOperator(task_id='d')\nwith DAG(",
    )
    _edit(
        repository,
        "dags/ops/schedule_interval.py",
        "from datetime",
        "# Nightly.\n\n\nfrom datetime",
    )
    repository.rename("dags/marketing/provide_context.py", "dags/marketing/context_given.py")
    repository.remove("dags/marketing/dummy_op.py")
    repository.rename("dags/finance", "dags/payments")
    repository.commit()


def third_week(repository: Repository) -> None:
    """What was mended is broken again, and the file that did not parse does."""
    _edit(
        repository,
        "dags/ops/dag_args.py",
        "concurrency=4, ",
        'concurrency=4, default_view="graph", ',
    )
    repository.write("dags/ops/bad.py", (DAGS / "no_schedule_arg.py").read_text())
    repository.commit()


def _edit(repository: Repository, path: str, old: str, new: str) -> None:
    file = repository.folder / path
    text = file.read_text()
    assert text.count(old) == 1, (path, old)
    file.write_text(text.replace(old, new))
