"""The plan's resource tree, as the program registers it."""

from dataclasses import dataclass

from logstack.manifests.declaration import Part
from logstack.manifests.deployment import platform
from logstack.plan.section import Section
from logstack.settings.load.loader import Stack
from logstack.settings.model.tree import Settings
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


def resources_section(stack: Stack) -> Section:
    """Plan the resources: the comparison has them line by line, so none of these is a sentence."""
    branches = resources(stack.settings)
    count = sum(1 + len(branch.resources) for branch in branches)
    tree = [(f"{each.name}  {each.type}", [_leaf(resource) for resource in each.resources]) for each in branches]
    return Section(f"Resources: {count}", "resources", branches, facts=(), layout=(Tree(tree),))


def resources(settings: Settings) -> tuple[Branch, ...]:
    """Return the resource tree."""
    return tuple(_branch(part) for part in platform(settings))


def _branch(part: Part) -> Branch:
    made = (Resource(child.type, child.name, child.protect, child.retain_on_delete) for child in part.children)
    return Branch(part.type, part.name, tuple(made))


def _leaf(resource: Resource) -> str:
    marks = [mark for mark, on in (("protected", resource.protected), ("retained", resource.retained)) if on]
    return f"{resource.name}  {resource.type}" + (f"  ({', '.join(marks)})" if marks else "")
