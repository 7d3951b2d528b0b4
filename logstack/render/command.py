"""`logstack render --to`: a stack's files in a folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from logstack.render.artefacts import all_artefacts, as_yaml, object_name
from logstack.render.model import Resource


def write_files(stacks: Mapping[str, Sequence[Resource]], folder: Path) -> list[Path]:
    """Write the files of each stack's resources, each of several stacks into its own folder. Raises OSError."""
    paths = []
    for name, resources in stacks.items():
        target = folder if len(stacks) == 1 else folder / name
        target.mkdir(parents=True, exist_ok=True)
        for file, text in _files(resources).items():
            path = target / file
            path.write_text(text, encoding="utf-8")
            paths.append(path)
    return paths


def _files(resources: Sequence[Resource]) -> dict[str, str]:
    """Return the artefacts, and the complete Kubernetes objects."""
    objects = {object_name(each): as_yaml(dict(each.inputs)) for each in resources if "kind" in each.inputs}
    return all_artefacts(resources) | objects
