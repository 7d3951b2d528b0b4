"""The base of every group of settings: frozen, camelCase in the stack file, no unknown keys."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo


class Group(BaseModel):
    """One group of settings of the stack file."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, populate_by_name=True, use_attribute_docstrings=True
    )


def spelled(pattern: str, words: str, max_length: int | None = None) -> FieldInfo:
    """Return a text field with a pattern; `words` complete the error "must be ...", which editors show too."""
    field: FieldInfo = Field(
        pattern=pattern, max_length=max_length, json_schema_extra={"patternErrorMessage": f"must be {words}"}
    )
    return field


def _iso_date(value: object) -> object:
    """Return only the day: YAML reads an unquoted 2024-04-01 as a time, which the engine passes on in Go's notation."""
    return value.removesuffix(" 00:00:00 +0000 UTC") if isinstance(value, str) else value


# A day in UTC, as in the stack file: 2024-04-01.
Day = Annotated[str, BeforeValidator(_iso_date), Field(max_length=100)]
# RFC 1123 label: names of namespaces, Secrets' parents, services (Kubernetes: object names).
DnsLabel = Annotated[
    str,
    spelled(
        r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
        "a Kubernetes name: lower-case letters, digits and -, at most 63 characters",
    ),
]
# Kubernetes: a key of a Secret or a ConfigMap.
SecretKey = Annotated[str, spelled(r"^[-._a-zA-Z0-9]+$", "a Secret's key: letters, digits, -, _ and .", 253)]
# RFC 1123 subdomain: names of Secrets, ConfigMaps, storage classes.
DnsName = Annotated[
    str,
    spelled(
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        "a Kubernetes name: lower-case letters, digits, - and ., at most 253 characters",
        max_length=253,
    ),
]
# Kubernetes' qualified name: keys of labels and taints.
QualifiedName = Annotated[
    str,
    spelled(
        r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
        r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
        "a label's key, such as pool or node-role.kubernetes.io/logs",
        max_length=317,
    ),
]
# Kubernetes' label value.
LabelText = Annotated[
    str,
    spelled(
        r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$",
        "a label's value: at most 63 letters, digits, -, _ and .",
    ),
]
