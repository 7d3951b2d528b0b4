"""Lines with a secret, of every kind in every form, and innocent lines; the same ones every time."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape as escape_xml

import yaml

from tests.support.redaction.values import RUN, pieces, seeded, value

ESCAPED, BY_LINE = "escaped JSON", "line by line"
_PLACE = "⟦⟧"
_STREAM = '", "stream": "stdout"}'
INNOCENT_REPETITIONS = 70
"""How often each innocent line stands with other random parts, for more than 10,000."""


def is_set_aside(kind: str, form: str, number: int) -> bool:
    """Return whether a sample belongs to the third that rules are judged by."""
    return int(sha256(f"{kind}/{form}/{number}".encode()).hexdigest(), 16) % 3 == 0


@dataclass(frozen=True)
class Sample:
    """A secret in its line."""

    kind: str
    form: str
    number: int
    lines: tuple[str, ...]
    """The line, which may have line breaks; several where the program printed it line by line."""
    secret: tuple[str, ...]
    """The random parts of the secret as they stand in the line; the literals between them are published."""
    after: str = ""
    """The text behind the secret up to the end of the line."""

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.form}/{self.number}"

    @property
    def set_aside(self) -> bool:
        return is_set_aside(self.kind, self.form, self.number)

    def leaks_in(self, redacted: Sequence[str]) -> bool:
        """Return whether a run of the secret's letters remains in the redacted lines."""
        around = "\n".join(self.lines)
        for part in self.secret:
            around = around.replace(part, " ")
        output = "\n".join(redacted)
        return any(run in output and run not in around for part in self.secret for run in _runs(part))

    def loses_more_in(self, redacted: Sequence[str]) -> bool:
        """Return whether text behind the secret is gone as well."""
        return not "\n".join(redacted).endswith(self.after)


@dataclass(frozen=True)
class Innocent:
    """A line without a secret."""

    kind: str
    number: int
    line: str

    @property
    def set_aside(self) -> bool:
        return is_set_aside(self.kind, "innocent", self.number)


@dataclass(frozen=True)
class Kind:
    """A row of kinds.yaml."""

    name: str
    value: str
    variable: str
    """The name that programs give the secret."""
    source: str
    is_issued: bool
    """The value can be recognised without its name."""


@dataclass(frozen=True)
class _Template:
    text: str
    escape: str | None
    """The form whose escapes the value gets."""
    nested: int = 0
    """How often the line stands in a text of JSON."""


@cache
def kinds() -> tuple[Kind, ...]:
    """Return the kinds of kinds.yaml."""
    page: dict[str, list[tuple[str, str, str, str]]] = _read("kinds")
    return tuple(Kind(*row, is_issued=group == "issued") for group, rows in page.items() for row in rows)


@cache
def samples() -> tuple[Sample, ...]:
    """Return every sample: those of kinds.yaml in all forms, then those of structures.yaml."""
    return (*_of_kinds(), *_of_structures())


@cache
def innocents() -> tuple[Innocent, ...]:
    """Return the innocent lines, without those that came out twice."""
    found: dict[str, Innocent] = {}
    for kind, templates in _read("innocents").items():
        for number, template in enumerate(list(templates) * INNOCENT_REPETITIONS):
            line = value(template, seeded(f"{kind}/{number}"))
            found.setdefault(line, Innocent(kind, number, line))
    return tuple(found.values())


def _of_kinds() -> Iterator[Sample]:
    forms = _read("forms")
    for kind in kinds():
        for form in forms:
            for number, template in enumerate(_templates(forms, form, is_issued=kind.is_issued)):
                yield _sample(kind.name, form, number, _with_name(template, kind.variable), kind.value)


def _of_structures() -> Iterator[Sample]:
    escapes = {form: fields.get("escape") for form, fields in _read("forms").items()}
    for structure in _read("structures"):
        lines = structure["lines"]
        if "JSON" in lines:
            lines = lines | {ESCAPED: lines["JSON"]}
        for form, texts in lines.items():
            is_raw = structure.get("raw", False)
            for number, text in enumerate(texts):
                inner = "JSON" if form == ESCAPED else form
                template = _Template(text, None if is_raw else escapes.get(inner), _nested(form, number))
                yield _sample(structure["kind"], form, number, template, structure["value"])


def _templates(forms: Mapping[str, Any], form: str, *, is_issued: bool) -> Iterator[_Template]:
    inner = forms[form].get("within", form)
    texts = [*(forms[inner].get("plain", []) if is_issued else []), *forms[inner].get("named", [])]
    for number, text in enumerate(texts):
        yield _Template(text, forms[inner].get("escape"), _nested(form, number))


def _nested(form: str, number: int) -> int:
    return 0 if form != ESCAPED else 2 if number % 3 == 2 else 1


def _sample(kind: str, form: str, number: int, template: _Template, specification: str) -> Sample:
    found = pieces(specification, seeded(f"{kind}/{form}/{number}"))
    escaped = [(_escaped(text, template.escape), is_random) for text, is_random in found]
    line = template.text.replace(_PLACE, "".join(text for text, _ in escaped))
    parts = [text for text, is_random in escaped if is_random]
    # A line break may go with a private key.
    after = template.text.rpartition(_PLACE)[2].removeprefix(r"\n")
    for _ in range(template.nested):
        line = f'{{"log": "{_escaped(line, "JSON")}{_STREAM}'
        parts = [_escaped(part, "JSON") for part in parts]
        after = _escaped(after, "JSON") + _STREAM
    lines = tuple(line.split("\n")) if form == BY_LINE else (line,)
    return Sample(kind, form, number, lines, tuple(part for part in parts if len(part) >= RUN), after)


def _escaped(text: str, form: str | None) -> str:
    match form:
        case "JSON":
            return json.dumps(text, ensure_ascii=False)[1:-1]
        case "URL":
            return quote(text, safe="")
        case "XML":
            return escape_xml(text, {'"': "&quot;"})
        case _:
            return text


def _with_name(template: _Template, variable: str) -> _Template:
    words = variable.lower().split("_")
    title = [word.title() for word in words]
    names = {
        "«UPPER»": variable,
        "«snake»": "_".join(words),
        "«kebab»": "-".join(words),
        "«Kebab»": "-".join(title),
        "«camel»": "".join((words[0], *title[1:])),
        "«Pascal»": "".join(title),
    }
    text = re.sub("«[A-Za-z]+»", lambda match: names[match[0]], template.text)
    return _Template(text, template.escape, template.nested)


def _runs(part: str) -> Iterator[str]:
    return (part[start : start + RUN] for start in range(len(part) - RUN + 1))


@cache
def _read(name: str) -> Any:
    return yaml.safe_load(Path(__file__).with_name(f"{name}.yaml").read_text().replace("¦", ""))
