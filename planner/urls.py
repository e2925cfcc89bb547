"""The site map: one path() per page and fragment."""

from django.urls import URLPattern, URLResolver, path

from planner.views import (
    decision,
    health,
    member,
    overview,
    plan,
    rule,
    scan,
    settings,
    sign_in,
    source,
    triage,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview.portfolio_page, name="portfolio"),
    path("d/new/", decision.new, name="deployment-new"),
    path("d/<slug:slug>/", overview.overview_page, name="overview"),
    path("d/<slug:slug>/plan/", plan.plan_page, name="plan"),
    path("d/<slug:slug>/plan/keep/", plan.plan_settings, name="plan-keep"),
    path("d/<slug:slug>/plan/sign/", plan.gate_signature, name="gate-sign"),
    *(
        path(f"d/<slug:slug>/plan/plan.{form}", plan.plan_export, {"form": form}, name=f"plan-{form}")
        for form in plan.CONTENT_TYPES
    ),
    path("d/<slug:slug>/decision/", decision.page, name="decision"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-in/mail/", sign_in.mail_link, name="sign-in-mail"),
    path("sign-in/<str:token>/", sign_in.link, name="sign-in-link"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("invite/<str:token>/", member.accept, name="invite-accept"),
    path("d/<slug:slug>/settings/", settings.page, name="settings"),
    path("d/<slug:slug>/settings/calendar/", settings.calendar, name="settings-calendar"),
    path("d/<slug:slug>/settings/due/", settings.due_days, name="settings-due"),
    path("d/<slug:slug>/settings/leads/", settings.axis_leads, name="settings-leads"),
    path("d/<slug:slug>/settings/invites/", member.invite, name="invite"),
    path(
        "d/<slug:slug>/settings/invites/<int:invite_id>/withdraw/",
        member.withdraw,
        name="invite-withdraw",
    ),
    path("d/<slug:slug>/settings/members/<int:member_id>/role/", member.role, name="member-role"),
    path(
        "d/<slug:slug>/settings/members/<int:member_id>/remove/",
        member.remove,
        name="member-remove",
    ),
    path("d/<slug:slug>/triage/", triage.triage, name="triage"),
    path("d/<slug:slug>/triage/paste/", triage.paste, name="triage-paste"),
    path("d/<slug:slug>/triage/<int:notes_id>/remove/", triage.remove, name="triage-remove"),
    path("rules/", rule.rules, name="rules"),
    path("rules/<str:rule_id>/", rule.rule, name="rule"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", health.metrics, name="metrics"),
    path("d/<slug:slug>/scans/", scan.scans, name="scans"),
    path("d/<slug:slug>/scans/upload/", scan.upload, name="scan-upload"),
    path("d/<slug:slug>/scans/<int:scan_id>/", scan.scan, name="scan"),
    path("d/<slug:slug>/scans/<int:scan_id>/raw/", scan.raw, name="scan-raw"),
    path("d/<slug:slug>/scans/<int:scan_id>/confirm/", scan.confirm, name="scan-confirm"),
    path("d/<slug:slug>/scans/<int:scan_id>/discard/", scan.discard, name="scan-discard"),
    path("d/<slug:slug>/scans/<int:scan_id>/take-good/", scan.take_good, name="scan-take-good"),
    path("d/<slug:slug>/sources/add/", source.add, name="source-add"),
    path("d/<slug:slug>/sources/<int:source_id>/", source.change, name="source-change"),
    path("d/<slug:slug>/sources/<int:source_id>/pause/", source.pause, name="source-pause"),
    path("d/<slug:slug>/sources/<int:source_id>/remove/", source.remove, name="source-remove"),
    path("d/<slug:slug>/sources/<int:source_id>/rescan/", source.rescan, name="source-rescan"),
]
