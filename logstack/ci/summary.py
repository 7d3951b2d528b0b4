"""The job's summary on GitHub, and error lines on the run's page."""

from collections.abc import Mapping, Sequence
from pathlib import Path

_LIMIT = 900_000
"""Bytes of one output. GitHub drops a step's whole summary when it is larger than 1 MiB (its documentation)."""


def add(text: str, environment: Mapping[str, str]) -> None:
    """Append Markdown to the job's summary, where there is one."""
    if file := environment.get("GITHUB_STEP_SUMMARY"):
        with Path(file).open("a", encoding="utf-8") as summary:
            summary.write(f"{text}\n")


def folded(title: str, lines: Sequence[str]) -> str:
    """Lines as a block that opens on a click; where there are too many, the last ones, which have the counts."""
    text = "\n".join(lines)
    tail = text.encode()[-_LIMIT:].decode(errors="ignore")
    if len(tail) < len(text):
        tail = f"(the beginning is in the job's log)\n{tail}"
    fence = "`" * max(3, _longest_run(tail) + 1)
    return f"<details><summary>{title}</summary>\n\n{fence}text\n{tail}\n{fence}\n\n</details>"


def error(line: str, environment: Mapping[str, str]) -> str:
    """Return an error line; on GitHub in the form that the run's page shows."""
    if environment.get("GITHUB_ACTIONS") == "true":
        return f"::error::{line.replace('%', '%25')}"
    return f"error: {line}"


def _longest_run(text: str) -> int:
    longest = run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest
