"""The adoption report, as text and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

from rich.console import Console

from logstack.adopt.adoption import Adoption
from logstack.adopt.reading import Entry, Verdict
from logstack.settings.load.stack_file import PROJECT
from logstack.text.layout import show_block, show_facts, show_heading, show_lines, text_of
from logstack.text.words import counted

_HEADINGS = {
    Verdict.UNDERSTOOD: "Understood: the stack behaves the same",
    Verdict.TRANSLATED: "Translated: the stack differs on purpose or uses another key",
    Verdict.NOT_TAKEN: "Not taken: the stack does not support it",
    Verdict.UNKNOWN: "Unknown: the chart has no such key",
    Verdict.DEFAULT: "Default: equal to the chart's default",
}


def report_text(adoption: Adoption, console: Console, *, with_file: bool) -> str:
    """Return the report, as wide as the console; `with_file` appends the stack file."""
    return text_of(console, partial(_show, adoption, console, with_file=with_file))


def _show(adoption: Adoption, console: Console, *, with_file: bool) -> None:
    console.print(f"{adoption.stack}: from {adoption.source}")
    for note in adoption.notes:
        console.print(f"  {note}")
    console.print()
    if adoption.decisions:
        heading = f"To decide before the first deployment: {counted(len(adoption.decisions), 'value')}"
        show_facts(console, heading, [_fact(entry) for entry in adoption.decisions])
    for verdict, heading in _HEADINGS.items():
        entries = [
            entry for entry in adoption.entries if entry.verdict is verdict and entry.values and not entry.decide
        ]
        if entries:
            show_facts(console, heading, [_fact(entry) for entry in entries])
    if missing := [entry for entry in adoption.entries if not entry.values and not entry.decide]:
        show_facts(console, "Not set: the values that apply", [_fact(entry) for entry in missing])
    _show_take_over(adoption, console)
    if adoption.problems:
        show_heading(console, f"Problems in Pulumi.{adoption.stack}.yaml")
        for problem in adoption.problems:
            show_block(console, str(problem))
    if with_file:
        show_heading(console, f"Pulumi.{adoption.stack}.yaml")
        show_lines(console, adoption.text.splitlines())


def _show_take_over(adoption: Adoption, console: Console) -> None:
    show_heading(console, "Taking over the running Loki (docs/how-to/adopt-a-helm-release.md)")
    if adoption.side_by_side:
        show_block(console, f"Run side by side, with a new bucket: {'; '.join(adoption.side_by_side)}.")
    elif adoption.conditions:
        show_block(console, f"In place only if this is so: {'; '.join(adoption.conditions)}.")
    else:
        show_block(console, "In place: names, mode, ring label, store and schema are the same.")


def _fact(entry: Entry) -> tuple[str, str]:
    count = len(entry.values)
    label = f"{entry.path} ({counted(count, 'value')})" if count > 1 else entry.path
    key = f"-> {PROJECT}:{entry.key}" if entry.key else ""
    return label, ": ".join(filter(None, (key, entry.text)))


def report_document(adoption: Adoption) -> str:
    """Return the report as one JSON document."""
    document = {
        "stack": adoption.stack,
        "source": adoption.source,
        "notes": list(adoption.notes),
        "values": [_entry(entry) for entry in adoption.entries],
        "inPlace": not adoption.side_by_side and not adoption.conditions,
        "sideBySide": list(adoption.side_by_side),
        "inPlaceIf": list(adoption.conditions),
        "problems": [asdict(problem) for problem in adoption.problems],
        "stackFile": adoption.text,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _entry(entry: Entry) -> dict[str, str | bool | Sequence[str] | None]:
    return {
        "path": entry.path,
        "verdict": entry.verdict.value,
        "key": f"{PROJECT}:{entry.key}" if entry.key else None,
        "text": entry.text,
        "decide": entry.decide,
        "values": list(entry.values),
    }
