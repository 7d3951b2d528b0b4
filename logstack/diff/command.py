"""`logstack diff`: render both sides, compare, and say it."""

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


def differences(base: str, head: str, wanted: Sequence[str], directory: Path) -> Differences:
    """What differs. Raises NotFoundError and SideProblemsError."""
    sides = side(base, directory), side(head, directory)
    old, new = _rendered(sides, frozenset(wanted), directory)
    names = sorted(old.stacks.keys() | new.stacks.keys())
    if missing := [name for name in wanted if name not in names]:
        raise _no_such_stack(missing[0], sides, directory)
    if problems := (*_problems("BASE", old), *_problems("HEAD", new)):
        raise SideProblemsError(problems)
    today = datetime.now(UTC).date()
    found = (stack_diff(name, _of(old, name), _of(new, name), today) for name in names)
    notes = dict.fromkeys(each.note for each in (old, new) if each.note)
    return Differences(old.side.name, new.side.name, tuple(notes), tuple(each for each in found if each))


def _rendered(sides: tuple[Side, Side], wanted: frozenset[str], directory: Path) -> tuple[RenderedSide, RenderedSide]:
    """Both sides at the same time; the same tree only once."""
    base, head = sides
    if base.tree and base.tree == head.tree:
        once = rendered_side(base, wanted, directory)
        return once, RenderedSide(head, once.stacks, once.note)
    with ThreadPoolExecutor(max_workers=2) as threads:
        old, new = threads.map(lambda each: rendered_side(each, wanted, directory), sides)
    return old, new


def _of(rendered: RenderedSide, name: str) -> Rendered | None:
    outcome: Outcome | None = rendered.stacks.get(name)
    return outcome if isinstance(outcome, Rendered) else None


def _problems(which: str, rendered: RenderedSide) -> Iterator[SideProblem]:
    for name, outcome in rendered.stacks.items():
        if isinstance(outcome, StackProblems):
            yield from (SideProblem(which, rendered.side.said, name, problem) for problem in outcome.problems)


def _no_such_stack(name: str, sides: tuple[Side, Side], directory: Path) -> NotFoundError:
    known = sorted({stack for each in sides for stack in rendered_side(each, frozenset(), directory).stacks})
    meant = nearest(name, known)
    hint = f"did you mean {meant}?" if meant else f"there are {listed(known, 'and')}" if known else "there is none"
    return NotFoundError(f"neither {sides[0].name} nor {sides[1].name} has a stack {name}: {hint}")


def said(found: Differences, form: Form, limit: int, width: int | None = None) -> str:
    """The differences in one of the forms; nothing where nothing differs."""
    if not found.stacks:
        return ""
    if form == "json":
        from logstack.diff.document import json_document  # noqa: PLC0415 - only one of the three is needed

        return json_document(found)
    if form == "markdown":
        from logstack.diff.markdown import comment  # noqa: PLC0415

        return comment(found, limit)
    from logstack.diff.text import diff_text  # noqa: PLC0415 - rich takes a while
    from logstack.text.layout import terminal  # noqa: PLC0415

    return diff_text(found, terminal(width))
