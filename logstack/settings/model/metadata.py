"""Annotations and labels of pods and Services."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field, create_model
from pydantic.alias_generators import to_camel

from logstack.settings.model.base import Group, LabelText, QualifiedName
from logstack.settings.model.bounds import AnnotationText
from logstack.settings.model.roles import Role


class Metadata(Group):
    """Annotations and labels."""

    pod_annotations: Mapping[QualifiedName, AnnotationText] = {}
    """Annotations of pods; a change restarts them."""
    pod_labels: Mapping[QualifiedName, LabelText] = {}
    """Labels of pods; a change restarts them."""
    service_annotations: Mapping[QualifiedName, AnnotationText] = {}
    """Annotations of Services."""
    service_labels: Mapping[QualifiedName, LabelText] = {}
    """Labels of Services, where the charts have a place for them: not of the collectors' and not of memberlist's."""


_OTHERS = {
    "gateway": "The gateway.",
    "caches": "The caches.",
    "object_store": "The embedded object store.",
    "alloy": "The collectors.",
    "canary": "The canary.",
}

if TYPE_CHECKING:
    # A type checker cannot read the table.
    _MetadataOfEach = Group
else:
    _ABOUT = {**{role.field: f"The {role.row.noun}s." for role in Role}, **_OTHERS}
    _MetadataOfEach = create_model(
        "MetadataOfEach",
        __base__=Group,
        **{name: (Metadata, Field(Metadata(), description=about)) for name, about in _ABOUT.items()},
    )


class ComponentMetadata(_MetadataOfEach):
    """What one component has beside the general ones; of the same key its own wins."""

    if TYPE_CHECKING:

        def __init__(self, **components: Metadata) -> None: ...

    def __getitem__(self, component: str) -> Metadata:
        """Return what a component has beside the general ones."""
        own: Metadata = dict(self)[component]
        return own


class MetadataSettings(Metadata):
    """Annotations and labels of your own, of all pods and Services, and by component."""

    components: ComponentMetadata = ComponentMetadata()

    def of(self, component: str) -> Metadata:
        """Return what the pods and Services of a component have."""
        own = self.components[component]
        return Metadata(
            pod_annotations={**self.pod_annotations, **own.pod_annotations},
            pod_labels={**self.pod_labels, **own.pod_labels},
            service_annotations={**self.service_annotations, **own.service_annotations},
            service_labels={**self.service_labels, **own.service_labels},
        )

    @property
    def by_component(self) -> dict[str, Metadata]:
        """Return what each component has beside the general ones, by its key in the stack file."""
        return {to_camel(name): own for name, own in self.components}
