"""Count the DAGs that each finding blocks, keep who changed a file last, and why an owner takes no findings."""

from __future__ import annotations

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.functions import Length, Replace


def count_dags(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """One more than the line breaks between the ids."""
    without_breaks = Length(Replace("dag_ids", models.Value("\n"), models.Value("")))
    finding = apps.get_model("planner", "Finding")
    finding.objects.exclude(dag_ids="").update(dag_count=Length("dag_ids") - without_breaks + 1)


def say_by_hand(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Until now only people made owners inactive."""
    apps.get_model("planner", "Owner").objects.filter(active=False).update(inactive_cause="hand")


class Migration(migrations.Migration):

    dependencies = [
        ('planner', '0003_helper_modules'),
    ]

    operations = [
        migrations.CreateModel(
            name='LastChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(max_length=1000)),
                ('key', models.CharField(max_length=200)),
                ('name', models.CharField(max_length=200)),
                ('on', models.DateField()),
            ],
        ),
        migrations.AddField(
            model_name='finding',
            name='dag_count',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='owner',
            name='inactive_by',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='owner',
            name='inactive_cause',
            field=models.CharField(blank=True, choices=[('hand', 'hand'), ('file', 'file'), ('sign-in', 'sign-in'), ('mail', 'mail')], max_length=7),
        ),
        migrations.AddField(
            model_name='owner',
            name='inactive_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(count_dags, migrations.RunPython.noop),
        migrations.RunPython(say_by_hand, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(fields=['deployment', '-dag_count', 'severity_rank', 'id'], name='finding_by_dags'),
        ),
        migrations.AddField(
            model_name='lastchange',
            name='source',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='last_changes', to='planner.source'),
        ),
    ]
