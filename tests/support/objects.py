"""A stack's Kubernetes objects, all of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from logstack.manifests.charts import CHART
from logstack.manifests.manifest import mask_secrets
from logstack.settings.tree import Settings
from tests.support.stacks import declarations
from tests.support.standin import chart_objects
from tests.support.stores import Object


def objects(settings: Settings) -> Iterator[Object]:
    """What a stack declares in Kubernetes and what its charts render, as it goes to the API server."""
    for child in declarations(settings).values():
        inputs = cast("Mapping[str, Any]", {key: mask_secrets(value) for key, value in child.inputs.items()})
        if child.type == CHART:
            # A folder or a mirror of the stack's own is not here: the pinned chart is.
            yield from chart_objects({**inputs, "chart": Path(inputs["chart"]).name, "version": "the pinned one"})
        elif child.type.startswith("kubernetes:"):
            yield inputs
