"""The report of a run, as text and as JSON."""

import json
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from logstack.localrun.checks import Outcome
from logstack.localrun.localise import Replacement
from logstack.localrun.redacted import RedactedLines

_WIDTH = 100


class Report:
    """Prints text as the run goes on, and with `as_json` one JSON document at the end."""

    def __init__(self, *, as_json: bool) -> None:
        """With `as_json`, text goes to stderr and `finish` prints the JSON document to stdout."""
        self._json = as_json
        self._console = Console(stderr=as_json, highlight=False, soft_wrap=True)
        self._outcomes: list[Outcome] = []
        self._redacted: Sequence[RedactedLines] = ()

    def say(self, text: str) -> None:
        """Print one line of progress."""
        self._console.print(escape(text))

    def replaced(self, files: str, replacements: Sequence[Replacement], also: Sequence[str], root: str) -> None:
        """Print the values of this run that differ from the stack's; `root` is the run's directory."""
        self._console.print(f"[bold]Replaced for this run[/] (everything else is the stack's {files}):")
        for each in replacements:
            now = each.now.replace(root, "RUN") if isinstance(each.now, str) else each.now
            self._console.print(f"  {escape(each.path)}: {_short(each.was)} -> {_short(now)}")
        also = [*also, f"RUN is {root}, removed at the end"]
        for line in also:
            self._console.print(f"  {escape(line)}")

    def outcome(self, outcome: Outcome) -> None:
        """Print one check's result."""
        self._outcomes.append(outcome)
        mark = "[green]ok    [/]" if outcome.passed else "[red]FAILED[/]"
        self._console.print(
            f"  {mark} {escape(outcome.name)}: {escape(outcome.detail)} [dim]({outcome.seconds:.1f} s)[/]"
        )

    def redacted(self, rules: Sequence[RedactedLines]) -> None:
        """Print which lines redaction changed: those without a secret are false positives."""
        self._redacted = rules
        if not rules:
            self._console.print("[bold]Redacted lines[/]: none")
            return
        self._console.print("[bold]Redacted lines[/] by rule, with some as Loki has them (do all of them need it?):")
        for each in rules:
            self._console.print(f"  {each.rule}: {each.lines} line{'s' if each.lines > 1 else ''}")
            for example in each.examples:
                self._console.print(f"    {escape(example)}")

    def finish(self, stack: str, seconds: float, not_exercised: Sequence[str]) -> bool:
        """Print the totals; return whether every check passed."""
        failed = [outcome for outcome in self._outcomes if not outcome.passed]
        passed = not failed and bool(self._outcomes)
        if self._json:
            print(  # noqa: T201 - the machine's answer
                json.dumps(
                    {
                        "stack": stack,
                        "passed": passed,
                        "seconds": round(seconds, 1),
                        "checks": [vars(outcome) for outcome in self._outcomes],
                        "redacted": [vars(rule) for rule in self._redacted],
                        "notExercised": list(not_exercised),
                    },
                    indent=2,
                )
            )
        self._console.print(f"Not exercised: {'; '.join(not_exercised)}.")
        colour = "green" if passed else "red"
        total = len(self._outcomes)
        self._console.print(f"[{colour} bold]{total - len(failed)} of {total} checks passed[/] in {seconds:.0f} s")
        return passed


def _short(value: object) -> str:
    match value:
        case None:
            return "(not set)"
        case dict():
            return escape("{" + ", ".join(value) + "}")
        case [first, *others]:
            return escape(f"{first}{f' and {len(others)} more' if others else ''}")
    text = str(value)
    return escape(text if len(text) <= _WIDTH else f"{text[:_WIDTH]}...")
