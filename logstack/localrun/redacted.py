"""Which lines of a run the collector's redaction changed, by rule: an owner finds false positives among them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from logstack.localrun.client import Entry
from logstack.manifests.alloy.secret_rules import redacted
from logstack.settings.model.redaction import CustomRedaction

_RULE = "[a-z0-9-]+"
_REDACTED = re.compile(redacted(f"({_RULE})"))
_EXAMPLES = 3
_BEFORE, _AFTER = 60, 40
"""Characters of an example around the first replacement of its rule."""


@dataclass(frozen=True)
class RedactedLines:
    """The lines that one rule changed."""

    rule: str
    lines: int
    examples: Sequence[str]
    """Some of them as Loki has them, cut."""


def redactions(
    missing: Sequence[Entry], extra: Sequence[Entry], custom: Sequence[CustomRedaction] = ()
) -> dict[Entry, Entry]:
    """Return the lines that the collector has redacted: each sent entry with the stored one."""
    texts = [redacted(_RULE), *(re.escape(text) for text in _own_texts(custom))]
    # With the quotes, if there are some: redaction puts them around a JSON number.
    replacement = re.compile(rf'(?:\\*")?(?:{"|".join(texts)})(?:\\*")?')
    by_time = {entry.time: entry for entry in missing}
    stored: dict[Entry, Entry] = {}
    for entry in extra:
        unredacted = replacement.split(entry.line)
        sent = by_time.get(entry.time)
        if sent and len(unredacted) > 1 and re.fullmatch(".+?".join(map(re.escape, unredacted)), sent.line, re.DOTALL):
            stored[sent] = entry
    return stored


def by_rule(changed: Mapping[Entry, Entry], custom: Sequence[CustomRedaction] = ()) -> list[RedactedLines]:
    """Return the changed lines by rule, most lines first; a line of two rules counts for both."""
    stored: dict[tuple[str, str], list[str]] = {}
    for sent, entry in changed.items():
        rules = {match[0]: match[1] for match in _REDACTED.finditer(entry.line)} | _own_texts(custom)
        for text, rule in rules.items():
            # A line may have had the text before it was sent.
            if entry.line.count(text) > sent.line.count(text):
                stored.setdefault((rule, text), []).append(entry.line)
    rows = [RedactedLines(rule, len(lines), list(_examples(text, lines))) for (rule, text), lines in stored.items()]
    return sorted(rows, key=lambda each: (-each.lines, each.rule))


def _own_texts(custom: Iterable[CustomRedaction]) -> dict[str, str]:
    """Return the rule of each replacement that a stack chose itself."""
    return {rule.replacement: rule.name for rule in custom if rule.replacement}


def _examples(replacement: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield examples that look different: a program writes the same line with another number many times."""
    looks: set[str] = set()
    for line in lines:
        look = re.sub(r"\d+", "", line)
        if look not in looks:
            looks.add(look)
            yield _cut(replacement, line)
        if len(looks) == _EXAMPLES:
            return


def _cut(replacement: str, line: str) -> str:
    place = line.index(replacement)
    start, end = max(place - _BEFORE, 0), place + len(replacement) + _AFTER
    return f"{'...' if start else ''}{line[start:end]}{'...' if end < len(line) else ''}"
