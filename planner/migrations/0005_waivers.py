"""A waiver covers findings, a rule, a path or a DAG, and can be asked for."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

_BATCH = 2000


def together(apps, schema_editor):
    """Make one waiver of those that were given together, finding by finding."""
    Waiver = apps.get_model("planner", "Waiver")
    WaivedFinding = apps.get_model("planner", "WaivedFinding")
    kept, links, surplus = {}, {}, []
    rows = Waiver.objects.select_related("finding").only(
        "reason", "approver_id", "created_at", "expires_on", "ended_at", "finding__deployment_id"
    )
    for waiver in rows.order_by("pk").iterator(chunk_size=_BATCH):
        deployment = waiver.finding.deployment_id
        key = (
            deployment,
            waiver.reason,
            waiver.approver_id,
            waiver.created_at,
            waiver.expires_on,
            waiver.ended_at,
        )
        if key in kept:
            surplus.append(waiver.pk)
        else:
            kept[key] = waiver.pk
            Waiver.objects.filter(pk=waiver.pk).update(deployment_id=deployment)
        links[(kept[key], waiver.finding_id)] = None
    WaivedFinding.objects.bulk_create(
        (WaivedFinding(waiver_id=waiver, finding_id=finding) for waiver, finding in links),
        batch_size=_BATCH,
    )
    for start in range(0, len(surplus), _BATCH):
        Waiver.objects.filter(pk__in=surplus[start : start + _BATCH]).delete()
    if schema_editor.connection.vendor == "postgresql":
        # Else the tables have checks pending, and cannot be altered below.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("planner", "0004_ownership"),
    ]

    operations = [
        migrations.AddField(
            model_name="waiver",
            name="deployment",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="waivers",
                to="planner.deployment",
            ),
        ),
        migrations.AddField(
            model_name="waiver",
            name="rule_id",
            field=models.CharField(blank=True, max_length=80, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="waiver",
            name="pattern",
            field=models.CharField(blank=True, max_length=500, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="waiver",
            name="dag_id",
            field=models.CharField(blank=True, max_length=300, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="waiver",
            name="source",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="planner.source",
            ),
        ),
        migrations.AddField(
            model_name="waiver",
            name="ended_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.CreateModel(
            name="WaivedFinding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "waiver",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="planner.waiver",
                    ),
                ),
                (
                    "finding",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="planner.finding",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("waiver", "finding"), name="waived_once_by_a_waiver"
                    )
                ],
            },
        ),
        migrations.RunPython(together, migrations.RunPython.noop),
        migrations.RemoveField(model_name="waiver", name="finding"),
        migrations.AlterField(
            model_name="waiver",
            name="deployment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="waivers",
                to="planner.deployment",
            ),
        ),
        migrations.AddField(
            model_name="waiver",
            name="findings",
            field=models.ManyToManyField(
                related_name="waivers", through="planner.WaivedFinding", to="planner.finding"
            ),
        ),
        migrations.AddIndex(
            model_name="waiver",
            index=models.Index(
                fields=["deployment", "ended_at", "expires_on"], name="waiver_by_end"
            ),
        ),
        migrations.CreateModel(
            name="WaiverRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.TextField()),
                ("expires_on", models.DateField()),
                ("asked_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("answer", models.TextField(blank=True)),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "deployment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="waiver_requests",
                        to="planner.deployment",
                    ),
                ),
                (
                    "findings",
                    models.ManyToManyField(related_name="waiver_requests", to="planner.finding"),
                ),
                (
                    "waiver",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="requests",
                        to="planner.waiver",
                    ),
                ),
            ],
        ),
    ]
