"""Every Kubernetes object of a stack."""

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
    """Yield the Kubernetes objects that a stack declares and that its charts render, as the API server gets them."""
    for child in declarations(settings).values():
        inputs = cast("Mapping[str, Any]", {key: mask_secrets(value) for key, value in child.inputs.items()})
        if child.type == CHART:
            # The pinned chart, instead of the stack's own folder or mirror, which this machine does not have.
            yield from chart_objects({**inputs, "chart": Path(inputs["chart"]).name, "version": "the pinned one"})
        elif child.type.startswith("kubernetes:"):
            yield inputs
