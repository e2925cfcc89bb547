"""YAML and JSON: compose files, Helm values, Kubernetes manifests, CI jobs, cloud templates.

One walk reads them all, by what the keys mean wherever they stand: variables, scripts, containers, images,
sections of Airflow's settings. A Helm template, which is no YAML before it is rendered, is read line by line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from planner.scanner.around.command_lines import material_in_shell
from planner.scanner.around.containers import started_with
from planner.scanner.around.environment import (
    NAME,
    SECTIONS,
    TELLING_SECTIONS,
    known,
    setting_of,
    setting_of_variable,
    settings_anywhere,
)
from planner.scanner.around.packages import pins_of_image, pythons_of_action
from planner.scanner.around.settings_file import settings_in
from planner.scanner.around.shell import Snippet, snippet_of, within
from planner.scanner.around.templates import templates_in
from planner.scanner.around.yaml_tree import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    YamlBroken,
    documents,
    snippet_of_scalar,
)
from planner.scanner.code.branches import Branches
from planner.scanner.material import ChartSection, Probe, Text

_SCRIPTS = frozenset(
    [
        "after_script",
        "bash",
        "before_script",
        "inline",
        "inlineScript",
        "onCreateCommand",
        "postCreateCommand",
        "postStartCommand",
        "postgresql_command",
        "pre-commands",
        "run",
        "script",
        "sh",
        "updateContentCommand",
    ]
)
"""Keys whose value, or each text of whose list, a shell runs."""
_STARTS = ("entrypoint", "command", "args")
"""Keys of a container, in the order in which their words are joined."""
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_MERGED = "<<"
_IN_CONTAINERS = frozenset([*_STARTS, *_PROBES, "healthcheck"])
_IN_VARIABLES = frozenset([_MERGED, "name", "key", "Name"])
_IN_IMAGES = frozenset([_MERGED, "image", "repository"])
"""Of each kind of table the keys without which it is none."""
_OVERRIDES = frozenset(
    [
        "AirflowConfigurationOptions",
        "airflowConfigOverrides",
        "airflow_config_overrides",
        "airflow_configuration_options",
    ]
)
"""What managed services call a table of ``section.option`` or ``section-option``."""
_CHART = {
    "core.colored_console_log": "False",
    "scheduler.statsd_port": "9125",
    "webserver.enable_proxy_fix": "True",
}
_ONLY_IN_CHART = frozenset(
    [
        "airflowVersion",
        "allowPodLaunching",
        "createUserJob",
        "defaultAirflowRepository",
        "defaultAirflowTag",
        "fernetKeySecretName",
        "migrateDatabaseJob",
        "webserverSecretKey",
        "webserverSecretKeySecretName",
    ]
)
"""Keys by which values for the official chart are known; ``executor`` with one of Airflow's is another."""
_IN_CHART = _ONLY_IN_CHART | {"executor"}
_IN_OTHER_CHARTS = "web"
_SECTIONS = ("webserver", "dagProcessor")
_TOGGLES = "enableBuiltInSecretEnvVars"
"""A table of the official chart whose keys are variables, and whose values say whether it sets them."""
_PIP = re.compile(r"\bpip\b")
_LINE = re.compile(
    r"(?:^[ \t]*(?:-[ \t]+)?|[\[,][ \t]*)[\"']?(?=(?:exec |/entrypoint )?airflow [a-z])"
    r"|(?<=[\"'])[^\"'\n{}]{1,200}?(?:&&|;|\|\|)[ \t]*(?=(?:exec )?airflow [a-z])"
    r"|\{\{-?[ \t]*(?P<word>if|range|with|define|block|else|end)\b",
    re.MULTILINE,
)
"""A command, or where a block of a Helm template opens, goes on and ends."""
_CLOSED = re.compile(r"[\"'][ \t]*(?:[\],]|\r?$)")
_NAMED = re.compile(
    r"name:[ \t]*[\"']?(?P<name>AIRFLOW__\w{1,120})[\"']?[ \t]*\n[ \t]*value:[ \t]*(?P<value>[^\n]{0,2000})"
)


def read(text: Text) -> Iterator[Any]:
    """The material in such a file."""
    yield text
    yield from templates_in(text)
    named = "airflow" in text.path.lower() and not text.path.endswith(".json")
    if not (named or _is_worth_reading(text.source.lower())):
        return
    try:
        roots = documents(text.source)
    except YamlBroken:
        yield from _by_line(text)
        return
    lines = text.source.splitlines()
    for root in roots:
        yield from _Walk(lines, text.path).material(root)


def _is_worth_reading(small: str) -> bool:
    """Whether a text without capitals speaks of anything that is looked for."""
    if "airflow" in small or "python" in small:
        return True
    return "pip" in small and _PIP.search(small) is not None


def _by_line(text: Text) -> Iterator[Any]:
    snippet = snippet_of(text)
    yield from settings_anywhere(snippet)
    for match in _NAMED.finditer(text.source):
        value = match["value"].strip().strip("\"'")
        yield from setting_of_variable(match["name"], value, text.place(match.start("name")))
    yield from _commands_by_line(text, snippet)


def _commands_by_line(text: Text, snippet: Snippet) -> Iterator[Any]:
    branches = Branches()
    for match in _LINE.finditer(text.source):
        if word := match["word"]:
            if word == "else":
                branches.goes_on()
            elif word == "end":
                branches.closes()
            else:
                branches.opens()
            continue
        end = text.source.find("\n", match.end())
        line = _CLOSED.split(text.source[match.end() : end if end >= 0 else None])[0]
        branches.take(material_in_shell(within(snippet, line, match.end())))
    yield from branches.told()


def _chart_sections(node: Mapping) -> Iterator[ChartSection]:
    """The sections of the official chart's values, where a table is known to be such."""
    own = {key: (key_node, value) for key, key_node, value in node.own()}
    executor = own["executor"][1] if "executor" in own else None
    is_chart = bool(own.keys() & _ONLY_IN_CHART) or (
        isinstance(executor, Scalar) and executor.value.endswith("Executor")
    )
    if not is_chart or _IN_OTHER_CHARTS in own:
        return
    for name in _SECTIONS:
        key, section = own.get(name, (None, None))
        if key is not None and isinstance(section, Mapping):
            enabled = section.get("enabled")
            is_off = isinstance(enabled, Scalar) and enabled.value.lower() == "false"
            yield ChartSection(
                name,
                key.place,
                keys=frozenset(key for key, _, _ in section.own()),
                beside=frozenset(own),
                off=enabled.place if isinstance(enabled, Scalar) and is_off else None,
            )


class _Walk:
    """One walk over one document, each node once."""

    def __init__(self, lines: list[str], path: str) -> None:
        self.lines = lines
        self.path = path
        self.seen: set[int] = set()

    def material(self, root: Node) -> Iterator[Any]:
        waiting: list[tuple[str, Node]] = [("", root)]
        while waiting:
            name, node = waiting.pop()
            if id(node) in self.seen:
                continue
            self.seen.add(id(node))
            if isinstance(node, Mapping):
                yield from self._mapping(name, node)
                waiting += reversed(
                    [(key, value) for key, _, value in node.own() if key != _TOGGLES]
                )
            elif isinstance(node, Sequence):
                yield from self._sequence(node)
                waiting += [(name, one) for one in reversed(node.items)]

    def _mapping(self, name: str, node: Mapping) -> Iterator[Any]:
        keys = node.values.keys()
        if not _IN_VARIABLES.isdisjoint(keys):
            yield from self._named_variable(node)
        if not _IN_CHART.isdisjoint(keys):
            yield from _chart_sections(node)
        if not _IN_IMAGES.isdisjoint(keys):
            yield from self._image(node)
        if not _IN_CONTAINERS.isdisjoint(keys):
            yield from self._container(name, node)
        for key, key_node, value in node.own():
            yield from self._pair(key, key_node, value)

    def _pair(self, key: str, key_node: Scalar, value: Node) -> Iterator[Any]:
        if NAME.fullmatch(key):
            yield from setting_of_variable(key, _text(value), key_node.place)
        elif key in _SCRIPTS:
            for one in _scalars(value):
                yield from material_in_shell(self._snippet(one))
        elif key in _OVERRIDES and isinstance(value, Mapping):
            yield from _overrides(value)
        elif key in ("config", "airflowConfig") and isinstance(value, Mapping):
            yield from self._sections(value)
        elif key == "executor" and isinstance(value, Scalar) and "Executor" in value.value:
            yield setting_of("core", "executor", value.value, key_node.place, "helm")
        elif key in ("airflowVersion", "defaultAirflowTag") and isinstance(value, Scalar):
            yield from pins_of_image(f"apache/airflow:{value.value}", value.place)
        elif key == "python-version":
            yield from pythons_of_action([one.value for one in _scalars(value)], key_node.place)
        elif isinstance(value, Scalar) and value.style in ("|", ">"):
            yield from self._file_within(key, value)

    def _file_within(self, key: str, value: Scalar) -> Iterator[Any]:
        """A text that is a file of its own: in a ConfigMap, or in Helm values."""
        if key.endswith(".cfg"):
            yield from settings_in(self._snippet(value))
        elif key.endswith((".sh", ".bash")):
            yield from material_in_shell(self._snippet(value))
        elif "AIRFLOW__" in value.value:
            snippet = self._snippet(value)
            yield from settings_anywhere(snippet)
            for match in _NAMED.finditer(snippet.text):
                found = match["value"].strip().strip("\"'")
                yield from setting_of_variable(
                    match["name"], found, snippet.place(match.start("name"))
                )

    def _named_variable(self, node: Mapping) -> Iterator[Any]:
        name = node.get("name") or node.get("key") or node.get("Name")
        if isinstance(name, Scalar) and name.value.startswith("AIRFLOW__"):
            value = node.get("value") or node.get("Value")
            yield from setting_of_variable(name.value, _text(value), name.place)

    def _image(self, node: Mapping) -> Iterator[Any]:
        for key, _, value in node.own():
            if key == "image" and isinstance(value, Scalar):
                yield from pins_of_image(value.value, value.place)
        repository, tag = node.get("repository"), node.get("tag")
        if isinstance(repository, Scalar) and isinstance(tag, Scalar):
            yield from pins_of_image(f"{repository.value}:{tag.value}", tag.place)

    def _container(self, name: str, node: Mapping) -> Iterator[Any]:
        own = {key: value for key, _, value in node.own()}
        parts = [list(map(self._snippet, _scalars(own[key]))) for key in _STARTS if key in own]
        parts = [part for part in parts if part]
        if parts:
            yield from started_with(parts, is_airflow=_is_airflow(name, node))
        yield from self._probes(name, node, own)

    def _probes(self, name: str, node: Mapping, own: dict[str, Node]) -> Iterator[Probe]:
        words = " ".join(one.value for key in _STARTS if key in own for one in _scalars(own[key]))
        label = f"{name} {_text(node.get('container_name')) or ''} {_text(node.get('name')) or ''}"
        serves = "webserver" in f"{label} {words}" or "api-server" in words
        test = own.get("healthcheck")
        if isinstance(test, Mapping):
            for one in _scalars(test.get("test") or Sequence(0, 0)):
                if "/health" in one.value:
                    yield Probe(one.value, one.place, of_webserver=serves)
        for key in _PROBES:
            probe = own.get(key)
            asked = probe.get("httpGet") if isinstance(probe, Mapping) else None
            path = asked.get("path") if isinstance(asked, Mapping) else None
            if isinstance(path, Scalar):
                yield Probe(path.value, path.place, of_webserver=serves)

    def _sections(self, node: Mapping) -> Iterator[Any]:
        """``config:`` of Helm values: sections of airflow.cfg as tables."""
        tables = [(key, value) for key, _, value in node.own() if isinstance(value, Mapping)]
        names = {key for key, _ in tables}
        is_airflows = names & TELLING_SECTIONS or "airflow" in self.path.lower()
        if not is_airflows or 2 * len(names & SECTIONS) <= len(names):
            return
        for section, table in tables:
            for option, option_node, value in table.own():
                if not _is_the_charts(section, option, value):
                    yield setting_of(section, option, _text(value), option_node.place, "helm")

    def _sequence(self, node: Sequence) -> Iterator[Any]:
        for one in node.items:
            if isinstance(one, Scalar) and one.value.startswith("AIRFLOW__"):
                name, sign, value = one.value.partition("=")
                yield from setting_of_variable(name, value if sign else None, one.place)

    def _snippet(self, node: Scalar) -> Snippet:
        return snippet_of_scalar(node, self.lines)


def _overrides(node: Mapping) -> Iterator[Any]:
    for key, key_node, value in node.own():
        section, sign, option = key.partition("." if "." in key else "-")
        if sign:
            yield setting_of(section, option, _text(value), key_node.place, "helm")


def _is_the_charts(section: str, option: str, value: Node) -> bool:
    """Whether a value is what the official chart's own values.yaml says: the chart minds the version itself."""
    if not isinstance(value, Scalar):
        return False
    return "{{" in value.value or _CHART.get(f"{section}.{option}") == value.value


def _is_airflow(name: str, node: Mapping) -> bool:
    """Whether a container runs Airflow: its image or its variables say so, or its name."""
    image = node.get("image")
    if isinstance(image, Scalar) and "mwaa" in image.value.lower():
        return False  # an entrypoint of its own, with words of its own
    if isinstance(image, Scalar) and "airflow" in image.value.lower():
        return True
    if isinstance(node.get("services"), Mapping):
        return False
    for key in ("environment", "env"):
        if _sets_airflow(node.get(key)):
            return True
    return name.lower().startswith("airflow")


def _sets_airflow(node: Node | None) -> bool:
    if isinstance(node, Mapping):
        names = [key for key, _, _ in node.own()]
        merged = [value for key, _, value in node.own() if key == "<<"]
        return any(one.startswith("AIRFLOW_") for one in names) or any(map(_has_names, merged))
    if isinstance(node, Sequence):
        texts = [one.value for one in node.items if isinstance(one, Scalar)]
        named = [one.get("name") for one in node.items if isinstance(one, Mapping)]
        texts += [one.value for one in named if isinstance(one, Scalar)]
        return any(text.startswith("AIRFLOW_") for text in texts)
    return False


def _has_names(node: Node) -> bool:
    return isinstance(node, Mapping) and any(key.startswith("AIRFLOW_") for key, _, _ in node.own())


def _scalars(node: Node) -> list[Scalar]:
    if isinstance(node, Scalar):
        return [] if node.is_null else [node]
    if isinstance(node, Sequence):
        return [one for one in node.items if isinstance(one, Scalar)]
    return []


def _text(node: Node | None) -> str | None:
    """A value as a setting has it: YAML's own true is Python's."""
    if not isinstance(node, Scalar) or node.is_null:
        return None
    if not node.style and node.value in ("true", "false", "yes", "no", "on", "off"):
        return str(node.value in ("true", "yes", "on"))
    return known(node.value)
