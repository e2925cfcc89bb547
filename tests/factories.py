"""Rows for tests, with defaults that make sense. Everything that a test asserts on, it should pass itself."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser

from planner.domain.finding import (
    CATEGORY_OF_SEVERITY,
    SEVERITY_ORDER,
    Axis,
    Category,
    Severity,
    State,
    dag_count,
)
from planner.models import (
    Dag,
    Deployment,
    Event,
    Finding,
    FolderRule,
    Membership,
    Owner,
    OwnerAlias,
    Role,
    Scan,
    Source,
)

NOW = datetime(2026, 10, 21, 9, 30, tzinfo=UTC)
"""A Wednesday. Pass it, or something relative to it, wherever a clock is asked for."""
TODAY: date = NOW.date()

FACTS: dict[str, Any] = {
    "name": "Production",
    "current_version": "2.10.5",
    "target_version": "3.1",
    "dag_count": 65,
    "executor": "CeleryExecutor",
    "python_current": "3.11",
    "python_target": "3.12",
    "mlops_roadmap": False,
    "hybrid_workload": False,
    "provider_dependencies": [],
    "bandwidth_quarters": 1.0,
    "metadata_db": "postgresql",
}

_numbers = itertools.count(1)


def make_user(name: str = "", **fields: Any) -> AbstractBaseUser:
    name = name or f"person{next(_numbers)}"
    fields.setdefault("email", f"{name}@example.com")
    return get_user_model().objects.create_user(username=name, **fields)


def make_member(
    deployment: Deployment, role: Role = Role.VIEWER, name: str = ""
) -> AbstractBaseUser:
    user = make_user(name)
    Membership.objects.create(deployment=deployment, user=user, role=role)
    return user


def make_deployment(slug: str = "", **fields: Any) -> Deployment:
    slug = slug or f"deployment-{next(_numbers)}"
    facts = FACTS | fields.pop("facts", {})
    fields.setdefault("name", facts["name"])
    return Deployment.objects.create(slug=slug, facts=facts, **fields)


def make_source(deployment: Deployment, name: str = "", **fields: Any) -> Source:
    return Source.objects.create(
        deployment=deployment, name=name or f"source-{next(_numbers)}", **fields
    )


def make_scan(source: Source, *, at: datetime = NOW, **fields: Any) -> Scan:
    """An applied scan of ``source``, which becomes its newest."""
    fields.setdefault("state", Scan.State.DONE)
    fields.setdefault("format", "ruff")
    fields.setdefault("tool", "ruff")
    scan = Scan.objects.create(
        deployment=source.deployment,
        source=source,
        created_at=at,
        started_at=at,
        finished_at=at,
        **fields,
    )
    source.last_scan = scan
    source.save(update_fields=["last_scan"])
    return scan


def make_owner(
    deployment: Deployment, key: str, *, aliases: Sequence[str] = (), **fields: Any
) -> Owner:
    fields.setdefault("name", key.title())
    owner = Owner.objects.create(deployment=deployment, key=key, **fields)
    OwnerAlias.objects.bulk_create(
        OwnerAlias(deployment=deployment, owner=owner, alias=alias) for alias in aliases
    )
    return owner


def make_folder_rule(owner: Owner, pattern: str) -> FolderRule:
    return FolderRule.objects.create(deployment=owner.deployment, owner=owner, pattern=pattern)


def make_dag(source: Source, dag_id: str, path: str, **fields: Any) -> Dag:
    return Dag.objects.create(
        deployment=source.deployment, source=source, dag_id=dag_id, path=path, **fields
    )


def build_finding(scan: Scan, **fields: Any) -> Finding:
    """A finding that is not stored yet. ``dag_ids`` and ``fix`` may be a list and a dict."""
    severity = Severity(fields.setdefault("severity", Severity.ERROR))
    fields["severity_rank"] = SEVERITY_ORDER[severity]
    fields.setdefault("category", CATEGORY_OF_SEVERITY[severity])
    fields.setdefault("axis", Axis.OTHER)
    fields.setdefault("checker", "ruff")
    fields.setdefault("rule_id", "AIR301")
    fields.setdefault("path", "dags/finance/rollup.py")
    fields.setdefault("line", next(_numbers))
    fields.setdefault(
        "message", "`airflow.operators.subdag.SubDagOperator` is removed in Airflow 3.0"
    )
    fields.setdefault("minutes", 15)
    fields.setdefault("first_seen", scan.created_at)
    if isinstance(fields.get("dag_ids"), list):
        fields["dag_ids"] = "\n".join(fields["dag_ids"])
    if isinstance(fields.get("fix"), dict):
        fields["fix"] = json.dumps(fields["fix"])
    fields.setdefault("dag_count", dag_count(fields.get("dag_ids", "")))
    return Finding(
        deployment_id=scan.deployment_id,
        source_id=scan.source_id,
        first_scan=scan,
        last_scan=scan,
        **fields,
    )


def make_finding(scan: Scan, **fields: Any) -> Finding:
    """A stored finding with its ``opened`` event."""
    return make_findings(scan, 1, **fields)[0]


def make_findings(scan: Scan, count: int, **fields: Any) -> list[Finding]:
    """``count`` findings alike but for their lines, each with its ``opened`` event."""
    findings = Finding.objects.bulk_create(
        (build_finding(scan, **dict(fields)) for _ in range(count)), batch_size=2000
    )
    Event.objects.bulk_create(
        (
            Event(finding=finding, kind="opened", at=finding.first_seen, scan=scan)
            for finding in findings
        ),
        batch_size=2000,
    )
    return findings


def make_mixed_findings(
    scan: Scan, count: int, owners: Sequence[Owner | None] = (None,)
) -> list[Finding]:
    """``count`` findings over every severity, several rules, files and ``owners`` in turn."""
    kinds = [
        (Severity.ERROR, "AIR301", Category.BLOCK),
        (Severity.WARNING, "AIR311", Category.MIGRATE),
        (Severity.WARNING, "AIR312", Category.MIGRATE),
        (Severity.INFO, "AIR003", Category.ADOPT),
        (Severity.INFO, "AIR001", Category.STYLE),
    ]
    rows = []
    for number in range(count):
        severity, rule_id, category = kinds[number % len(kinds)]
        rows.append(
            build_finding(
                scan,
                severity=severity,
                rule_id=rule_id,
                category=category,
                path=f"dags/team{number % 7}/dag{number % 31}.py",
                line=number + 1,
                dag_ids=f"dag{number % 31}",
                owner=owners[number % len(owners)],
                due=None if category is Category.STYLE else TODAY + timedelta(days=number % 40 - 5),
                state=State.OPEN,
            )
        )
    return Finding.objects.bulk_create(rows, batch_size=2000)
