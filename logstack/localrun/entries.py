"""The entries that the collector makes of a file's lines: it cuts or drops long ones, and joins those of a key."""

import re
from collections.abc import Iterator, Sequence

from logstack.localrun.client import Entry
from logstack.manifests.alloy.lines import CUT
from logstack.manifests.alloy.secret_rules import KEY_BEGINS, LINE_OF_KEY, LINES_OF_A_KEY
from logstack.settings.tree import Settings

_BEGINS, _LINE = re.compile(KEY_BEGINS), re.compile(LINE_OF_KEY)


def as_entries(entries: Sequence[Entry], settings: Settings) -> list[Entry]:
    """Return the entries as the collector sends them, before redaction."""
    joined = _joined(entries) if "private-keys" in settings.collector.redact.rules else entries
    cut = ((entry.time, as_collected(entry.line, settings)) for entry in joined)
    return [Entry(when, line) for when, line in cut if line is not None]


def as_collected(line: str, settings: Settings) -> str | None:
    """Return the line as the collector sends it: too long a line is cut, or dropped (None)."""
    limit = settings.limits.max_line_size
    content = line.encode()
    if len(content) <= limit:
        return line
    if settings.collector.long_lines == "drop":
        return None
    # In Loki's JSON each byte of a broken character is one sign.
    beginning = content[: limit - len(CUT.encode())].decode(errors="surrogateescape")
    return "".join("\ufffd" if "\udc80" <= sign <= "\udcff" else sign for sign in beginning) + CUT


def _joined(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Yield the entries in the order of their first lines; a private key that is printed line by line is one.

    As Alloy joins them: every line that looks like one of a key belongs to the key that began last.
    """
    groups: list[list[Entry]] = []
    key: list[Entry] | None = None
    for entry in entries:
        begins = _BEGINS.search(entry.line)
        if not _LINE.search(entry.line) or not (begins or key):
            groups.append([entry])
        elif key is None or begins or len(key) == LINES_OF_A_KEY:
            key = [entry]
            groups.append(key)
        else:
            key.append(entry)
    return (Entry(group[0].time, "\n".join(line.line for line in group)) for group in groups)
