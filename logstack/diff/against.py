"""`logstack plan --against`: a stack compared with another stack, a folder, or a git revision."""

import tempfile
from dataclasses import replace
from pathlib import Path

from logstack.diff.comparison import Comparison, changed_files, compare
from logstack.diff.snapshot import render
from logstack.render.revisions import NotFoundError, commit_of, git
from logstack.settings.load.loader import Stack, load_stack_file, stacks
from logstack.settings.load.stack_file import stack_path


def compare_with(stack: str, against: str, directory: Path) -> Comparison:
    """Compare a stack with another stack, folder or revision. Raises StackProblems and NotFoundError."""
    after = render(load_stack_file(stack, directory))
    before = render(load_reference(against, stack, directory))
    return compare(before, after, changed_files(before, after))


def render_comparison(comparison: Comparison, *, as_json: bool, width: int | None = None) -> str:
    """Return a comparison as JSON, or as text: as wide as this terminal if no width is given."""
    if as_json:
        from logstack.text.documents import json_text  # noqa: PLC0415 - only one of the two is needed

        return json_text(comparison)
    from logstack.diff.text import comparison_text  # noqa: PLC0415
    from logstack.text.layout import terminal  # noqa: PLC0415 - rich takes a while

    return comparison_text(comparison, terminal(width))


def load_reference(reference: str, stack: str, directory: Path) -> Stack:
    """Load the stack to compare with: another one, or the same stack in a folder or at a git revision.

    Raises StackProblems if it has errors by today's rules, and NotFoundError if it does not exist.
    """
    if reference in stacks(directory):
        return load_stack_file(reference, directory)
    if Path(reference).is_dir():
        return replace(load_stack_file(stack, Path(reference)), name=f"{stack} in {reference}")
    return _at_revision(reference, stack, directory)


def _at_revision(revision: str, stack: str, directory: Path) -> Stack:
    commit = commit_of(revision, directory)
    if commit is None:
        names = ", ".join(stacks(directory))
        raise NotFoundError(f'"{revision}" is neither a stack ({names}) nor a folder nor a git revision')
    with tempfile.TemporaryDirectory() as folder:
        files = [stack_path(name, Path()).name for name in stacks(directory)]
        for name in ("Pulumi.yaml", *files):
            text = git(directory, "show", f"{commit}:./{name}")
            if text is not None:
                (Path(folder) / name).write_text(text, encoding="utf-8")
        if not stack_path(stack, Path(folder)).is_file():
            raise NotFoundError(f'revision "{revision}" has no file {stack_path(stack, Path()).name}')
        return replace(load_stack_file(stack, Path(folder)), name=f"{stack} at {revision}")
