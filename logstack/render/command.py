"""`logstack render`: stacks as data or as files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from logstack.diff.snapshot import Rendered, render
from logstack.diff.snapshot_json import Outcome
from logstack.render.artefacts import all_artefacts, as_yaml, object_name
from logstack.settings.load.loader import load_stack_file
from logstack.settings.problems import StackProblems


def rendered(stacks: Sequence[str], directory: Path) -> dict[str, Outcome]:
    """Each stack of the directory, or its problems."""
    return {stack: _outcome(stack, directory) for stack in stacks}


def _outcome(stack: str, directory: Path) -> Outcome:
    try:
        return render(load_stack_file(stack, directory))
    except StackProblems as problems:
        return problems


def problems_of(outcomes: Mapping[str, Outcome]) -> StackProblems | None:
    """All problems of stacks that have an error."""
    found = [outcome for outcome in outcomes.values() if isinstance(outcome, StackProblems)]
    return StackProblems(problem for problems in found for problem in problems.problems) if found else None


def _files(stack: Rendered) -> dict[str, str]:
    """The artefacts, and Kubernetes' objects whole, with the files that are in them."""
    objects = {object_name(each): as_yaml(dict(each.inputs)) for each in stack.resources if "kind" in each.inputs}
    return all_artefacts(stack.resources) | objects


def write_files(stacks: Sequence[Rendered], folder: Path) -> list[Path]:
    """Writes each stack's files; those of several stacks into a folder each. Raises OSError."""
    written = []
    for stack in stacks:
        place = folder if len(stacks) == 1 else folder / stack.name
        place.mkdir(parents=True, exist_ok=True)
        for name, text in _files(stack).items():
            path = place / name
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written
