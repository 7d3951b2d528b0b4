"""`logstack diff`: render both sides, compare them, and format the differences."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from logstack.diff.consequences import stack_diff
from logstack.diff.model import Differences, SideProblem, SideProblemsError
from logstack.diff.rendering import RenderedSide, rendered_side
from logstack.diff.sides import Side, side
from logstack.diff.snapshot import Outcome, Rendered
from logstack.render.revisions import NotFoundError
from logstack.settings.problems import StackProblems, listed, nearest

Form = Literal["text", "markdown", "json"]


def differences(base: str, head: str, names: Sequence[str], directory: Path) -> Differences:
    """Compare the stacks of two sides, or only `names` if any. Raises NotFoundError and SideProblemsError."""
    sides = side(base, directory), side(head, directory)
    old, new = _rendered(sides, frozenset(names), directory)
    stacks = sorted(old.stacks.keys() | new.stacks.keys())
    if missing := [name for name in names if name not in stacks]:
        raise _no_such_stack(missing[0], sides, directory)
    if problems := (*_problems("BASE", old), *_problems("HEAD", new)):
        raise SideProblemsError(problems)
    today = datetime.now(UTC).date()
    stack_diffs = (stack_diff(name, _of(old, name), _of(new, name), today) for name in stacks)
    notes = dict.fromkeys(each.note for each in (old, new) if each.note)
    return Differences(old.side.name, new.side.name, tuple(notes), tuple(each for each in stack_diffs if each))


def _rendered(sides: tuple[Side, Side], names: frozenset[str], directory: Path) -> tuple[RenderedSide, RenderedSide]:
    """Both sides in parallel; the same tree only once."""
    base, head = sides
    if base.tree and base.tree == head.tree:
        once = rendered_side(base, names, directory)
        return once, RenderedSide(head, once.stacks, once.note)
    with ThreadPoolExecutor(max_workers=2) as threads:
        old, new = threads.map(lambda each: rendered_side(each, names, directory), sides)
    return old, new


def _of(rendered: RenderedSide, name: str) -> Rendered | None:
    outcome: Outcome | None = rendered.stacks.get(name)
    return outcome if isinstance(outcome, Rendered) else None


def _problems(which: str, rendered: RenderedSide) -> Iterator[SideProblem]:
    for name, outcome in rendered.stacks.items():
        if isinstance(outcome, StackProblems):
            yield from (SideProblem(which, rendered.side.argument, name, problem) for problem in outcome.problems)


def _no_such_stack(name: str, sides: tuple[Side, Side], directory: Path) -> NotFoundError:
    names = sorted({stack for each in sides for stack in rendered_side(each, frozenset(), directory).stacks})
    similar = nearest(name, names)
    hint = f"did you mean {similar}?" if similar else f"stacks: {listed(names, 'and') or 'none'}"
    return NotFoundError(f'unknown stack "{name}" in {sides[0].name} and in {sides[1].name}; {hint}')


def render_differences(comparison: Differences, form: Form, limit: int, width: int | None = None) -> str:
    """Return the differences in one of the forms; an empty text if there are none."""
    if not comparison.stacks:
        return ""
    if form == "json":
        from logstack.diff.document import json_document  # noqa: PLC0415 - only one of the three is needed

        return json_document(comparison)
    if form == "markdown":
        from logstack.diff.markdown import comment  # noqa: PLC0415

        return comment(comparison, limit)
    from logstack.diff.text import diff_text  # noqa: PLC0415 - rich takes a while
    from logstack.text.layout import terminal  # noqa: PLC0415

    return diff_text(comparison, terminal(width))
