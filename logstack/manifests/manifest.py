"""Manifests, which are Kubernetes or cloud objects as data, and the components that they belong to."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from io import StringIO
from typing import Literal, TypeAlias

import yaml
from yaml.emitter import ScalarAnalysis

from logstack.settings.model.quantities import kubernetes_cpu, kubernetes_size
from logstack.settings.model.sizes import Resources

Json: TypeAlias = "str | int | float | bool | Secret | OutputOf | Mapping[str, Json] | Sequence[Json] | None"


# What Kubernetes' restricted Pod Security level asks of a pod and of its containers; the user is Loki's own number.
UNPRIVILEGED = 10001
RESTRICTED_POD: Mapping[str, Json] = {
    "runAsNonRoot": True,
    "runAsUser": UNPRIVILEGED,
    "runAsGroup": UNPRIVILEGED,
    "seccompProfile": {"type": "RuntimeDefault"},
}
RESTRICTED_CONTAINER: Mapping[str, Json] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


# Every image is one for Linux: on a Windows node a pod would wait for ever.
LINUX_NODES: Mapping[str, Json] = {"kubernetes.io/os": "linux"}
# What runs on every node runs there whatever the taint: NoExecute of control planes and etcd nodes as well.
EVERY_TAINT: Json = [{"operator": "Exists"}]


@dataclass(frozen=True)
class Secret:
    """A reference to a secret value by its name; only the registration of the resource inserts the value."""

    name: Literal["accessKeyId", "secretAccessKey"]
    fingerprint: bool = False
    """Not the value, but a short text that changes with it and does not tell it."""

    def __str__(self) -> str:
        """Return the text that replaces its value."""
        return f"({'fingerprint of ' if self.fingerprint else ''}secret {self.name})"


@dataclass(frozen=True)
class OutputOf:
    """A reference to what the cloud says of an earlier manifest of the same component: unknown until it exists."""

    manifest: str
    """The manifest's logical name."""
    output: Literal["clientId", "principalId"]

    def __str__(self) -> str:
        """Return the text that replaces its value."""
        return f"({self.output} of {self.manifest})"


def mask_secrets(value: object) -> object:
    """Replace each reference in the value by its name in brackets, such as `(secret accessKeyId)`."""
    if isinstance(value, Mapping):
        return {key: mask_secrets(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [mask_secrets(item) for item in value]
    return str(value) if isinstance(value, Secret | OutputOf) else value


@dataclass(frozen=True)
class Manifest:
    """A Kubernetes or cloud object as data: its Pulumi type token, logical name, inputs and protection."""

    type: str
    name: str
    inputs: Mapping[str, Json]
    depends_on: tuple[str, ...] = ()
    """Logical names of manifests of the same component that come first; names are unique within a component."""
    protect: bool = False
    """`pulumi destroy` refuses to delete it."""
    retain_on_delete: bool = False
    """Pulumi forgets it instead of deleting it."""


@dataclass(frozen=True)
class ComponentTree:
    """A component as data: its type token, its logical name and its manifests, whose parent it is."""

    type: str
    name: str
    manifests: tuple[Manifest, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    """The component's outputs in Pulumi."""
    depends_on: tuple[str, ...] = ()
    """Logical names of components of the same deployment whose resources come first."""

    def named(self, prefix: str) -> "ComponentTree":
        """Return the same component under longer names, its own and its manifests', so that a program may have two."""
        manifests = tuple(
            replace(
                each,
                name=f"{prefix}{each.name}",
                inputs={key: _with_references(prefix, value) for key, value in each.inputs.items()},
                depends_on=_prefixed(prefix, each.depends_on),
            )
            for each in self.manifests
        )
        depends_on = _prefixed(prefix, self.depends_on)
        return replace(self, name=f"{prefix}{self.name}", manifests=manifests, depends_on=depends_on)

    def after(self, *components: "ComponentTree") -> "ComponentTree":
        """Return the same component, whose resources are registered after those of `components`."""
        return replace(self, depends_on=tuple(component.name for component in components))


def _with_references(prefix: str, value: Json) -> Json:
    """Return a value whose references to outputs name their manifests with the prefix."""
    if isinstance(value, OutputOf):
        return replace(value, manifest=f"{prefix}{value.manifest}")
    if isinstance(value, Mapping):
        return {key: _with_references(prefix, item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_with_references(prefix, item) for item in value]
    return value


def kubernetes(
    token: str,
    name: str,
    namespace: str | None,
    labels: Mapping[str, str],
    *,
    annotations: Mapping[str, Json] | None = None,
    **body: Json,
) -> dict[str, Json]:
    """The inputs of a Kubernetes object of the type token `kubernetes:<group/version>:<kind>`."""
    _, version, kind = token.split(":")
    metadata: dict[str, Json] = {"name": name, "labels": dict(labels)}
    if namespace:
        metadata["namespace"] = namespace
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": version.removeprefix("core/"), "kind": kind, "metadata": metadata, **body}


def labels(app: str) -> dict[str, str]:
    """The recommended labels of an object that logstack itself writes."""
    return {
        "app.kubernetes.io/name": app,
        "app.kubernetes.io/part-of": "logstack",
        "app.kubernetes.io/managed-by": "pulumi",
    }


def container_resources(size: Resources) -> dict[str, Json]:
    """Return a container's requests and limits: CPU is only a request, memory is both unless its limit is another."""
    requests: Json = {"cpu": kubernetes_cpu(size.cpu), "memory": kubernetes_size(size.memory)}
    return {"requests": requests, **({"limits": {"memory": kubernetes_size(size.limit)}} if size.limit else {})}


def go_memory_limit(size: Resources) -> list[Json]:
    """Return the variable that tells a Go program its memory limit; none without a limit."""
    limit = size.go_memory_limit
    return [] if limit is None else [{"name": "GOMEMLIMIT", "value": str(limit)}]


class Quoted(str):
    """A text in single quotes in YAML, so that YAML reads its later replacement as text."""

    __slots__ = ()


@lru_cache(maxsize=8192)
def _analysis(scalar: str) -> ScalarAnalysis:
    return yaml.SafeDumper(StringIO(), allow_unicode=True).analyze_scalar(scalar)


class CachingDumper(yaml.SafeDumper):
    """PyYAML's dumper for Unicode; it analyses each text once, which is a fifth of its work."""

    def analyze_scalar(self, scalar: str) -> ScalarAnalysis:
        """Return which styles a text may have; nobody may change the answer."""
        return _analysis(scalar)


class _Dumper(CachingDumper):
    """Writes YAML 1.1, with quotes around `Quoted` texts."""


_Dumper.add_representer(Quoted, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, "'"))


def yaml_text(document: Mapping[str, object]) -> str:
    """A document as YAML 1.1, the dialect that Loki and Kubernetes read, in the order it was built."""
    return yaml.dump(mask_secrets(document), Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def rolled_by_credentials() -> dict[str, Json]:
    """Annotations of pods that read the stack's own access key when they start: a new key rolls them."""
    return {
        "logstack/access-key-id-hash": Secret("accessKeyId", fingerprint=True),
        "logstack/secret-access-key-hash": Secret("secretAccessKey", fingerprint=True),
    }


def content_hash(text: str) -> str:
    """Sixteen hexadecimal digits that change with the text: as an annotation, they roll the pods."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _prefixed(prefix: str, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{prefix}{name}" for name in names)
