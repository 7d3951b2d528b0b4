"""Lines with secrets, what redaction has to make of each, and lines that it has to leave; see redaction_corpus.yaml."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import get_args

import yaml

from logstack.settings.model.redaction import RedactionName

_SECRET = re.compile(r"⟦(?:([a-z-]+)\|)?(.*?)⟧", re.DOTALL)
# Also what is off by default.
EVERY_RULE: tuple[RedactionName, ...] = get_args(RedactionName)


@dataclass(frozen=True)
class Line:
    """One entry, of one line or several."""

    text: str
    expected: str
    """What becomes of it."""
    rule: RedactionName | None = None
    """The rule that it is an example of; none of an innocent one."""
    secrets: tuple[str, ...] = ()
    """What must not be left of it."""


@cache
def lines() -> tuple[Line, ...]:
    """Every line with a secret, then every innocent one."""
    page = yaml.safe_load(Path(__file__).with_name("redaction_corpus.yaml").read_text().replace("¦", ""))
    return (*_with_secrets(page["secrets"]), *(Line(text, text) for text in page["innocent"]))


def _with_secrets(rules: dict[RedactionName, list[str | dict[str, str]]]) -> Iterator[Line]:
    for rule, entries in rules.items():
        for entry in entries:
            marked, expected = (entry, None) if isinstance(entry, str) else (entry["line"], entry["expected"])
            yield Line(
                _SECRET.sub(r"\2", marked),
                expected or _SECRET.sub(partial(_redacted, rule), marked),
                rule,
                tuple(match[2] for match in _SECRET.finditer(marked)),
            )


def _redacted(rule: RedactionName, match: re.Match[str]) -> str:
    return f"<redacted:{match[1] or rule}>"
