"""Lines with secrets and their redacted form, and lines that redaction must not change; see redaction_corpus.yaml."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import get_args

import yaml

from logstack.settings.model.redaction import RedactionName

_SECRET = re.compile(r"⟦(?:([a-z-]+)\|)?(.*?)⟧", re.DOTALL)
# Including those that are off by default.
EVERY_RULE: tuple[RedactionName, ...] = get_args(RedactionName)


@dataclass(frozen=True)
class Line:
    """One entry, of one line or several."""

    text: str
    expected: str
    """The redacted line."""
    rule: RedactionName | None = None
    """The rule that redacts it; None for a line without a secret."""
    secrets: tuple[str, ...] = ()
    """The texts that redaction must remove."""


@cache
def lines() -> tuple[Line, ...]:
    """Return every line with a secret, then every line without one."""
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
