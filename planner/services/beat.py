"""What one tick of the beat does: says that it lives, ends waivers, notices who left, queues what is due, finds what was lost."""

from __future__ import annotations

from datetime import datetime

from planner.models import Beat
from planner.services.lease import leases_sweep
from planner.services.owner_standing import owners_notice
from planner.services.rescan import rescans_due, slots_refresh
from planner.services.waiver import waivers_end

TICK = "tick"
"""Name of the beat's row."""


def beat_tick(*, now: datetime) -> list[int]:
    """Ids of the scans to offer to a worker. Harmless to run twice in the same minute."""
    Beat.objects.update_or_create(name=TICK, defaults={"at": now})
    waivers_end(now=now)
    owners_notice(now=now)
    slots_refresh(now=now)
    due = [scan.pk for scan in rescans_due(now=now)]
    return list(dict.fromkeys(due + leases_sweep(now=now)))
