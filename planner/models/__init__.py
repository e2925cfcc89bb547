"""Storage: fields, constraints, choices; no rules."""

from planner.domain.access import Role
from planner.models.deployment import (
    AxisLead,
    DecisionRecord,
    Deployment,
    GateSignature,
    PastedNotes,
    RunbookRevision,
)
from planner.models.digest import Digest, Letter, MailStop, Webhook
from planner.models.finding import Event, Finding
from planner.models.hand_over import HandOver
from planner.models.person import (
    ApiToken,
    Beat,
    FolderRule,
    Invite,
    Membership,
    NotTheSame,
    Owner,
    OwnerAlias,
    SignInLink,
)
from planner.models.retirement import Retirement
from planner.models.source import Dag, ForeseenChange, HelperModule, LastChange, Scan, Source
from planner.models.waiver import WaivedFinding, Waiver, WaiverRequest

__all__ = [
    "ApiToken",
    "AxisLead",
    "Beat",
    "Dag",
    "DecisionRecord",
    "Deployment",
    "Digest",
    "Event",
    "Finding",
    "FolderRule",
    "ForeseenChange",
    "GateSignature",
    "HandOver",
    "HelperModule",
    "Invite",
    "LastChange",
    "Letter",
    "MailStop",
    "Membership",
    "NotTheSame",
    "Owner",
    "OwnerAlias",
    "PastedNotes",
    "Retirement",
    "Role",
    "RunbookRevision",
    "Scan",
    "SignInLink",
    "Source",
    "WaivedFinding",
    "Waiver",
    "WaiverRequest",
    "Webhook",
]
