"""What every group of settings is: frozen, camelCase in the stack file, unknown keys refused."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel


class Group(BaseModel):
    """One group of settings of the stack file."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, populate_by_name=True, use_attribute_docstrings=True
    )


# RFC 1123 label: names of namespaces, Secrets' parents, services (Kubernetes: object names).
DnsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
# RFC 1123 subdomain: names of Secrets, ConfigMaps, storage classes.
DnsName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", max_length=253)
]
