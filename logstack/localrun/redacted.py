"""Which lines of a run the collector's redaction changed, by rule: an owner finds false positives among them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from logstack.localrun.client import Entry

# The collector's replacement of a secret (logstack/manifests/alloy/secret_rules.py).
_REDACTED = re.compile(r"<redacted:([a-z0-9-]+)>")
# With the quotes, if there are some: redaction puts them around a JSON number.
_QUOTED = re.compile(r'(?:\\*")?<redacted:[a-z0-9-]+>(?:\\*")?')
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


def redactions(missing: Sequence[Entry], extra: Sequence[Entry]) -> dict[Entry, Entry]:
    """Return the lines that the collector has redacted: each sent entry with the stored one."""
    by_time = {entry.time: entry for entry in missing}
    stored: dict[Entry, Entry] = {}
    for entry in extra:
        unredacted = _QUOTED.split(entry.line)
        sent = by_time.get(entry.time)
        if sent and len(unredacted) > 1 and re.fullmatch(".+?".join(map(re.escape, unredacted)), sent.line, re.DOTALL):
            stored[sent] = entry
    return stored


def by_rule(changed: Mapping[Entry, Entry]) -> list[RedactedLines]:
    """Return the changed lines by rule, most lines first; a line of two rules counts for both."""
    stored: dict[str, list[str]] = {}
    for sent, entry in changed.items():
        for rule in dict.fromkeys(_REDACTED.findall(entry.line)):
            # A line may have been redacted before it was sent.
            if entry.line.count(f"<redacted:{rule}>") > sent.line.count(f"<redacted:{rule}>"):
                stored.setdefault(rule, []).append(entry.line)
    rules = [RedactedLines(rule, len(lines), list(_examples(rule, lines))) for rule, lines in stored.items()]
    return sorted(rules, key=lambda each: (-each.lines, each.rule))


def _examples(rule: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield examples that look different: a program writes the same line with another number many times."""
    looks: set[str] = set()
    for line in lines:
        look = re.sub(r"\d+", "", line)
        if look not in looks:
            looks.add(look)
            yield _cut(rule, line)
        if len(looks) == _EXAMPLES:
            return


def _cut(rule: str, line: str) -> str:
    replacement = f"<redacted:{rule}>"
    place = line.index(replacement)
    start, end = max(place - _BEFORE, 0), place + len(replacement) + _AFTER
    return f"{'...' if start else ''}{line[start:end]}{'...' if end < len(line) else ''}"
