"""The list of files with generated text, and the one function that puts it between its markers."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from logstack.docsgen import commands_page, diff_page, formats_page, readme, redaction_page, sizing_page
from logstack.docsgen.splice import spliced
from logstack.docsgen.stack_file_reference import reference
from logstack.docsgen.stack_file_schema import pulumi_yaml, stack_file_schema

Update = Callable[[str], str]
"""From a file's text to the same text, up to date."""


def _whole(render: Callable[[], str]) -> Update:
    return lambda _: render()


def _spliced(render: Callable[[], Mapping[str, str]]) -> Update:
    return lambda text: spliced(text, render())


PAGES: Mapping[str, Update] = {
    "Pulumi.yaml": pulumi_yaml,
    "README.md": _spliced(readme.inserts),
    "docs/concepts/platform.md": _spliced(readme.picture_insert),
    "docs/reference/commands.md": _spliced(commands_page.inserts),
    "docs/reference/diff.md": _spliced(diff_page.inserts),
    "docs/reference/formats.md": _spliced(formats_page.inserts),
    "docs/reference/redaction.md": _spliced(redaction_page.inserts),
    "docs/reference/sizing.md": _spliced(sizing_page.inserts),
    "docs/reference/stack-file.md": _whole(reference),
    "docs/stack-file.schema.json": _whole(stack_file_schema),
}
"""Paths from the repository's top."""


def main(arguments: Sequence[str], root: Path = Path()) -> int:
    """Write every page below `root`, or with `--check` name those that are out of date; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m logstack.docsgen", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is out of date")
    only_check: bool = parser.parse_args(arguments).check
    outdated = False
    for path, update in PAGES.items():
        file = root / path
        committed = file.read_text(encoding="utf-8") if file.is_file() else ""
        text = update(committed)
        if text == committed:
            continue
        outdated = True
        if only_check:
            sys.stderr.write(f"{path} is out of date: run `make docs`\n")
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return 1 if only_check and outdated else 0
