"""What the stack passes on: values that logstack's promises do not cover."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from textwrap import shorten

from logstack.manifests.alloy.resources import collector_sizes
from logstack.manifests.alloy.values import NODES, node_values
from logstack.manifests.loki.config import own_config
from logstack.manifests.loki.values import own_values
from logstack.manifests.manifest import mask_secrets
from logstack.manifests.pods import pod_options
from logstack.manifests.stores.kinds import store_access
from logstack.plan.section import Section
from logstack.settings.load.loader import Stack
from logstack.settings.passthrough.alloy_text import alloy_blocks
from logstack.settings.passthrough.documents import JOINED, Path, leaves, spelled
from logstack.settings.problems import listed
from logstack.settings.tree import Settings
from logstack.text.blocks import Block, Heading, Labelled, Paragraph
from logstack.text.words import counted

# Characters of a value; the whole one is in `logstack render`.
_LONGEST = 60
_PROMISE = (
    "Loki, Alloy and their charts take these values as they are. Sizes, failure budget and retention of this plan are "
    "calculated without them."
)


@dataclass(frozen=True)
class PassedValue:
    """One value that the stack passes on."""

    key: str
    """The key of the stack file."""
    path: str
    """Its path in the document."""
    value: str
    instead_of: str | None
    """What logstack would have written; None where it writes nothing."""


def passthrough_section(stack: Stack) -> Section:
    """Plan what the stack passes on."""
    values = tuple(passed_values(stack.settings))
    count = counted(len(values), "value")
    return Section(
        f"Passed on, outside logstack's promises: {len(values)}" if values else "Passed on",
        "passedOn",
        values,
        facts=[(f"{each.key} {each.path}", _sentence(each)) for each in values],
        layout=tuple(_blocks(values)),
        summary=(Paragraph(f"{count}, which this plan does not count on: --section passthrough"),) if values else (),
    )


def _sentence(value: PassedValue) -> str:
    return f"{value.value} instead of {value.instead_of}" if value.instead_of else value.value


def _blocks(values: tuple[PassedValue, ...]) -> Iterator[Block]:
    if values:
        yield Paragraph(_PROMISE)
    for key, run in groupby(values, lambda each: each.key):
        yield Heading(key)
        yield Labelled([(each.path, _sentence(each)) for each in run])


def passed_values(settings: Settings) -> Iterator[PassedValue]:
    """Yield each value that the stack passes on, in the order of its keys."""
    loki, alloy, cluster, options = settings.loki, settings.alloy, settings.cluster, pod_options(settings)
    if loki.config or loki.values:
        store = store_access(settings.object_store, cluster, settings.former_object_store)
        yield from _values("loki.config", loki.config, own_config(settings, store, cluster))
        own = own_values(settings, store, cluster, "", options=options)
        yield from _values("loki.values", loki.values, own, JOINED["loki"])
    for tenant in settings.tenants:
        yield from _values(f"tenants[{tenant.name}].config", tenant.config, {})
    if alloy.values:
        size = collector_sizes(settings).node
        own = node_values(settings.collector, size, f"{NODES}-config", cluster, options=options)
        yield from _values("alloy.values", alloy.values, own, JOINED["alloy"])
    if alloy.config:
        names = listed([block.called for block in alloy_blocks(alloy.config)], "and")
        yield PassedValue("alloy.config", "blocks", names, None)


def _values(
    key: str, passed: Mapping[str, object], own: Mapping[str, object], joined: frozenset[Path] = frozenset()
) -> Iterator[PassedValue]:
    ours = dict(leaves(mask_secrets(own)))
    for path, value in leaves(passed, joined):
        before = ours.get(path)
        yield PassedValue(key, spelled(path), _text(value), None if before is None else _text(before))


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shorten(text, _LONGEST, placeholder=" ...")
