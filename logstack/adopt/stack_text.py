"""The stack file as text, with open decisions as comments above their keys."""

import textwrap
from collections.abc import Iterable, Mapping

import yaml

from logstack.adopt.reading import Entry
from logstack.settings.load.stack_file import PROJECT
from logstack.settings.problems import Problem
from logstack.text.words import counted

_WIDTH = 120
_ORDER = (
    "cluster",
    "deploymentMode",
    "replicas",
    "replicationFactor",
    "retention",
    "retentionStreams",
    "schemaPeriods",
    "structuredMetadata",
    "objectStore",
    "formerObjectStore",
    "tenants",
    "limits",
    "caches",
    "gateway",
    "ingress",
    "resources",
    "storageClass",
    "collector",
    "alloy",
    "canary",
    "lokiVersion",
    "loki",
)


def stack_text(
    stack: Mapping[str, object], entries: Iterable[Entry], source: str, errors: Iterable[Problem] = ()
) -> str:
    """Return the file's text, with what is left to decide and what `logstack check` refuses at the top.

    `source` describes the input.
    """
    decisions = [entry for entry in entries if entry.decide]
    comments: dict[str, list[str]] = {}
    tasks: list[str] = []
    for entry in decisions:
        text, key = f"DECIDE {entry.path}: {entry.text}", (entry.key or "").partition(".")[0]
        if key in stack:
            comments.setdefault(key, []).append(text)
        else:
            tasks.append(text)
    tasks += [f"CHECK {problem.path}: {problem.what}" for problem in errors]
    head = f"By `logstack adopt` from {source}. See docs/how-to/adopt-a-helm-release.md"
    lines = _comment(head, "")
    if below := sum(map(len, comments.values())):
        lines += _comment(f"To decide: {counted(below, 'comment')} DECIDE below{', and:' if tasks else '.'}", "")
    elif tasks:
        lines += _comment("To decide:", "")
    lines += [line for task in tasks for line in _comment(f"- {task}", "")]
    lines.append("config:")
    for key in sorted(stack, key=lambda each: _ORDER.index(each) if each in _ORDER else len(_ORDER)):
        for comment in comments.get(key, []):
            lines += _comment(comment, "  ")
        lines += _key(f"{PROJECT}:{key}", stack[key])
    return "\n".join(lines) + "\n"


def _key(name: str, value: object) -> list[str]:
    """One key with its value: a group of plain values, or each of a list, on a line."""
    if not isinstance(value, dict | list):
        return textwrap.indent(yaml.safe_dump({name: value}, allow_unicode=True), "  ").splitlines()
    text = yaml.safe_dump(value, sort_keys=False, default_flow_style=None, width=_WIDTH - 30, allow_unicode=True)
    if text.startswith(("{", "[")):
        return f"  {name}: {textwrap.indent(text, '    ').strip()}".splitlines()
    return [f"  {name}:", *textwrap.indent(text, "    ").splitlines()]


def _comment(text: str, indent: str) -> list[str]:
    start = f"{indent}# "
    return textwrap.wrap(text, _WIDTH, initial_indent=start, subsequent_indent=start, break_on_hyphens=False)
