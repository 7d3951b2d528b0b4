"""The diff as a comment of a pull request: short, with folded details, and within the code host's limit."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from logstack.diff.comparison import Comparison, Diff, Difference
from logstack.diff.consequences import Consequence, StackDiff
from logstack.diff.effects import rank
from logstack.diff.model import Differences, SideProblem
from logstack.diff.text import SHOWN, counts
from logstack.text.words import counted

MARKER = "<!-- logstack-diff -->"
"""The comment's first line; scripts find the comment to edit by it."""
GITHUB = 65_536
"""Characters that GitHub accepts in a comment; GitLab accepts 1,000,000."""
# Characters for the list of omitted parts.
_RESERVE = 1_000
_NAMED = 10


def comment(comparison: Differences, limit: int = GITHUB) -> str:
    """Return the comment. Above `limit` characters it omits details, and names them."""
    page = _Page(limit)
    page.always(MARKER)
    page.always(f"### logstack: {comparison.worst} from {code(comparison.base, 80)} to {code(comparison.head, 80)}")
    page.always("\n".join(_overview(comparison.stacks, limit // 3)))
    for note in comparison.notes:
        page.if_it_fits(f"> {plain(note)}", "a note")
    for stack in comparison.stacks:
        page.if_it_fits(f"#### {plain(stack.stack)}", f"{stack.stack}: consequences")
        for number, each in enumerate(stack.consequences):
            page.if_it_fits(bullet(each), f"{stack.stack}: {each.rule}", separator="\n" if number else "\n\n")
    for stack in comparison.stacks:
        for title, content in _details(stack):
            page.folded(f"{stack.stack}: {title}", content)
    return page.text()


def problems_comment(problems: Sequence[SideProblem], limit: int = GITHUB) -> str:
    """Return the comment for problems of a side."""
    page = _Page(limit)
    page.always(MARKER)
    page.always("### logstack: a stack file has problems")
    for problem in problems:
        page.if_it_fits(_fenced(str(problem).splitlines(), "text"), f"{problem.side} {problem.problem.path}")
    return page.text()


class _Page:
    """A page within its limit that names its omitted parts."""

    def __init__(self, limit: int) -> None:
        self._room = limit - _RESERVE
        self._blocks: list[str] = []
        self._cut: list[str] = []
        self._limit = limit

    def always(self, block: str) -> None:
        """Add a block that is always short."""
        self._add(block, "\n\n")

    def if_it_fits(self, block: str, name: str, separator: str = "\n\n") -> None:
        """Add a block, or its name to the omitted parts."""
        if len(block) + len(separator) <= self._room:
            self._add(block, separator)
        else:
            self._cut.append(name)

    def folded(self, title: str, content: Sequence[str]) -> None:
        """Add folded lines of Markdown, as many as fit."""
        head, tail = f"<details><summary>{plain(title)}</summary>", "</details>"
        fence = next((line for line in content if line.startswith("```")), "")
        closing = re.match(r"`*", fence)
        ends = len(closing[0]) + 1 if closing else 0
        room = self._room - len(head) - len(tail) - ends - 60
        lines = list(_as_many(content, room))
        if len(lines) < len(content):
            if len(lines) <= _NAMED:
                self._cut.append(title)
                return
            self._cut.append(f"{title}, {len(content) - len(lines)} lines of it")
            lines += [closing[0]] if closing and closing[0] else []
        self._add("\n".join([head, "", *lines, "", tail]), "\n\n")

    def text(self) -> str:
        """Return the page."""
        if self._cut:
            names = ", ".join(plain(name[:60]) for name in self._cut[:_NAMED])
            more = f" and {len(self._cut) - _NAMED} more" if len(self._cut) > _NAMED else ""
            self._blocks.append(
                f"\n\nOmitted, because a comment has at most {self._limit:,} characters: {names}{more}."
            )
        return "".join(self._blocks).lstrip("\n") + "\n"

    def _add(self, block: str, separator: str) -> None:
        self._blocks.append(separator + block)
        self._room -= len(separator) + len(block)


def _as_many(lines: Sequence[str], room: int) -> Iterator[str]:
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return
        yield line


def _overview(stacks: Sequence[StackDiff], room: int) -> Iterator[str]:
    """One line for each stack, as many as fit, the worst class first."""
    ordered = sorted(stacks, key=lambda stack: min(rank(each.effect) for each in stack.consequences))
    rows = [f"- **{plain(stack.stack)}**: {counts(stack)}" for stack in ordered]
    lines = list(_as_many(rows, room))
    yield from lines
    if len(lines) < len(rows):
        yield f"- and {counted(len(rows) - len(lines), 'more stack')}"


def bullet(consequence: Consequence) -> str:
    """Return a consequence as a list item: its class, its sentences, and the next step."""
    items = [sentence.text(code) for sentence in consequence.sentences[:SHOWN]]
    if (more := len(consequence.sentences) - SHOWN) > 0:
        items.append(f"And {more} more of this kind.")
    head = f"- **{consequence.effect}** "
    if len(items) == 1:
        return f"{head}{items[0]} *{consequence.do}*"
    return "\n".join([f"{head}*{consequence.do}*", *(f"  - {each}" for each in items)])


def _details(stack: StackDiff) -> Iterator[tuple[str, list[str]]]:
    compared = stack.comparison
    if not compared:
        return
    if compared.settings:
        yield f"settings ({len(compared.settings)})", list(_table("setting", compared.settings))
    if compared.words:
        yield f"plan ({len(compared.words)})", list(_table("of", compared.words))
    if resources := list(_resources(compared)):
        yield f"resources ({len(resources)})", _fenced(resources, "diff").splitlines()
    for diff in compared.artefacts:
        yield _title(diff), _fenced(diff.lines, "diff").splitlines()


def _title(diff: Diff) -> str:
    return f"{diff.name} ({diff.effect})" if diff.effect else diff.name


def _resources(compared: Comparison) -> Iterator[str]:
    yield from (f"- {name}" for name in compared.resources_removed)
    yield from (f"+ {name}" for name in compared.resources_added)


def _table(of: str, differences: Sequence[Difference]) -> Iterator[str]:
    yield from (f"| {of} | before | after |", "|---|---|---|")
    for each in differences:
        yield f"| {_cell(each.of)} | {_cell(each.before)} | {_cell(each.after)} |"


def _cell(text: str | None) -> str:
    return "" if text is None else code(text, 1_000).replace("|", "\\|")


def _fenced(lines: Sequence[str], language: str) -> str:
    """Lines in a code fence that none of them can close."""
    text = "\n".join(lines)
    fence = "`" * max(3, _longest_run(text) + 1)
    return "\n".join([f"{fence}{language}", *([text] if lines else []), fence])


def _longest_run(text: str) -> int:
    """Return the number of backticks in the longest run."""
    return max(map(len, re.findall(r"`+", text)), default=0)


@lru_cache(maxsize=4096)  # the sentences and tables of several stacks repeat their values
def code(text: str, longest: int = 400) -> str:
    """Return the text in a code span: no Markdown, no HTML, no mention of a user."""
    line = " ".join(text.split())
    line = line if len(line) <= longest else f"{line[:longest]}..."
    ticks = "`" * (_longest_run(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") or not line else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def plain(text: str) -> str:
    """Escape the text for Markdown and HTML."""
    return re.sub(r"[&<>@*_`\[\]|#\\]", lambda match: f"&#{ord(match[0])};", text)
