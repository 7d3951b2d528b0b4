"""The plan's resource tree, as the program registers it."""

from collections.abc import Iterable
from dataclasses import dataclass

from logstack.manifests.manifest import ComponentTree, Manifest
from logstack.plan.section import Section
from logstack.text.blocks import Tree


@dataclass(frozen=True)
class Resource:
    """One resource of the tree."""

    type: str
    name: str
    protected: bool = False
    retained: bool = False


@dataclass(frozen=True)
class Branch:
    """A component and its resources."""

    type: str
    name: str
    resources: tuple[Resource, ...]


def resources_section(components: Iterable[ComponentTree]) -> Section:
    """Plan the resources: the comparison has them line by line, so none of these is a sentence."""
    branches = resources(components)
    count = sum(1 + len(branch.resources) for branch in branches)
    tree = [(f"{each.name}  {each.type}", [_leaf(resource) for resource in each.resources]) for each in branches]
    return Section(f"Resources: {count}", "resources", branches, facts=(), layout=(Tree(tree),))


def resources(components: Iterable[ComponentTree]) -> tuple[Branch, ...]:
    """Return the resource tree."""
    return tuple(Branch(each.type, each.name, tuple(map(_resource, each.manifests))) for each in components)


def _resource(manifest: Manifest) -> Resource:
    return Resource(manifest.type, manifest.name, manifest.protect, manifest.retain_on_delete)


def _leaf(resource: Resource) -> str:
    marks = [mark for mark, on in (("protected", resource.protected), ("retained", resource.retained)) if on]
    return f"{resource.name}  {resource.type}" + (f"  ({', '.join(marks)})" if marks else "")
