"""What SARIF 2.1.0 asks of the parts that we write: their keys, their kinds, and no key that it does not know."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Natural = Annotated[int, msgspec.Meta(ge=1)]
Index = Annotated[int, msgspec.Meta(ge=0)]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Relative = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._~/%-]+$")]
Level = Literal["none", "note", "warning", "error"]


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """No key beyond those that are named."""


class Message(Strict):
    text: Text


class Help(Strict):
    text: Text
    markdown: Text


class Configuration(Strict):
    level: Level


class Rule(Strict):
    id: Text
    name: Text
    shortDescription: Message
    fullDescription: Message
    help: Help
    defaultConfiguration: Configuration
    properties: dict[str, Any]
    helpUri: Annotated[str, msgspec.Meta(pattern=r"^https://\S+$")]


class Driver(Strict):
    name: Text
    fullName: Text
    version: Text
    semanticVersion: Annotated[str, msgspec.Meta(pattern=r"^\d+\.\d+\.\d+$")]
    rules: list[Rule]


class Tool(Strict):
    driver: Driver


class Artifact(Strict):
    uri: Relative
    uriBaseId: Text


class Snippet(Strict):
    text: str


class Region(Strict):
    startLine: Natural
    startColumn: Natural | msgspec.UnsetType = msgspec.UNSET
    endLine: Natural | msgspec.UnsetType = msgspec.UNSET
    endColumn: Natural | msgspec.UnsetType = msgspec.UNSET
    snippet: Snippet | msgspec.UnsetType = msgspec.UNSET


class Physical(Strict):
    artifactLocation: Artifact
    region: Region | msgspec.UnsetType = msgspec.UNSET


class Logical(Strict):
    fullyQualifiedName: Text
    kind: Text


class Location(Strict):
    physicalLocation: Physical
    logicalLocations: list[Logical] | msgspec.UnsetType = msgspec.UNSET


class Replacement(Strict):
    deletedRegion: Region
    insertedContent: Snippet


class Change(Strict):
    artifactLocation: Artifact
    replacements: Annotated[list[Replacement], msgspec.Meta(min_length=1)]


class Fix(Strict):
    description: Message
    artifactChanges: Annotated[list[Change], msgspec.Meta(min_length=1)]


class Suppression(Strict):
    kind: Literal["inSource", "external"]
    status: Literal["accepted", "underReview", "rejected"]
    justification: Text


class Result(Strict):
    ruleId: Text
    ruleIndex: Index
    kind: Literal["notApplicable", "pass", "fail", "review", "open", "informational"]
    level: Level
    message: Message
    locations: Annotated[list[Location], msgspec.Meta(min_length=1)]
    partialFingerprints: dict[str, Text]
    properties: dict[str, Any]
    fixes: list[Fix] | msgspec.UnsetType = msgspec.UNSET
    suppressions: list[Suppression] | msgspec.UnsetType = msgspec.UNSET
    baselineState: Literal["new", "unchanged", "updated", "absent"] | msgspec.UnsetType = (
        msgspec.UNSET
    )


class Notification(Strict):
    level: Level
    message: Message
    locations: list[Location]


class Invocation(Strict):
    executionSuccessful: bool
    exitCode: int
    toolExecutionNotifications: list[Notification]


class Base(Strict):
    uri: Annotated[str, msgspec.Meta(pattern=r"^file:///[A-Za-z0-9._~/%-]*/$")]


class Run(Strict):
    tool: Tool
    invocations: list[Invocation]
    originalUriBaseIds: dict[str, Base]
    columnKind: Literal["utf16CodeUnits", "unicodeCodePoints"]
    results: list[Result]
    properties: dict[str, Any]


class Log(Strict):
    version: Literal["2.1.0"]
    runs: list[Run]
    schema: Annotated[str, msgspec.Meta(pattern=r"^https://\S+$")] = msgspec.field(name="$schema")
