"""Stand-ins for Pulumi's Kubernetes, AWS and Google providers, which no package registry has.

They speak the engine's protocol and are attached to it (PULUMI_DEBUG_PROVIDERS), so that the real engine plans,
registers, encrypts and stores the state. They lack the providers' knowledge: they accept every input, wait for nothing,
and know only the replacements in the tables here.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import grpc
import yaml
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, resource_pb2, resource_pb2_grpc

from tests.support import wire
from tests.support.real import KUBERNETES, binary, chart_or_standin, run
from tests.support.stores import AlreadyThereError, Memory, Object, Store

_MAX_MESSAGE = 400 * 1024 * 1024
_STOP_SECONDS = 60

# From Pulumi's Kubernetes provider 4.34 (provider/pkg/provider/diff.go), for the kinds that this project has: a change
# below these paths replaces the object.
_ALWAYS_REPLACED = ("metadata.name", "metadata.namespace", "kind", "apiVersion")
_REPLACED = {
    "StatefulSet": (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    "Deployment": ("spec.selector",),
    "DaemonSet": ("spec.selector",),
    "Service": ("spec.clusterIP",),
    "ClusterRoleBinding": ("roleRef",),
    "RoleBinding": ("roleRef",),
    "Secret": ("type",),
}
# These too, unless the provider treats them as mutable.
_DATA = ("data", "stringData", "binaryData")

# From Pulumi's AWS provider (its schema's replaceOnChanges), for the types that this project has.
_AWS_REPLACED = {
    "Bucket": ("bucket",),
    "Role": ("name",),
    "RolePolicy": ("name", "role"),
    "PodIdentityAssociation": ("clusterName", "namespace", "serviceAccount"),
}
# Expected: the SDK of Google's provider does not mark them. Cloud Storage cannot rename or move a bucket.
_GCP_REPLACED = {
    "Bucket": ("location", "name", "project"),
    "BucketIAMMember": ("bucket", "condition", "member", "role"),
}

_AZURE_REPLACED = {
    "StorageAccount": ("accountName", "kind", "location", "resourceGroupName"),
    "BlobContainer": ("accountName", "containerName", "resourceGroupName"),
    "UserAssignedIdentity": ("location", "resourceGroupName", "resourceName"),
    "FederatedIdentityCredential": ("federatedIdentityCredentialResourceName", "resourceGroupName", "resourceName"),
    "RoleAssignment": ("principalId", "principalType", "roleAssignmentName", "roleDefinitionId", "scope"),
}

_DIFFERS, _EQUAL = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE


@dataclass(frozen=True)
class Change:
    """One changed property."""

    path: str
    kind: str
    """ADD, DELETE or UPDATE."""


def changes(old: Any, new: Any, path: str = "") -> Iterator[Change]:
    """Yield each leaf that differs, with its path as Pulumi writes it."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            below = f'{path}["{key}"]' if "." in key else f"{path}.{key}" if path else key
            if key not in new:
                yield Change(below, "DELETE")
            elif key not in old:
                yield Change(below, "ADD")
            else:
                yield from changes(old[key], new[key], below)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            below = f"{path}[{index}]"
            if index >= len(new):
                yield Change(below, "DELETE")
            elif index >= len(old):
                yield Change(below, "ADD")
            else:
                yield from changes(old[index], new[index], below)
    elif old != new:
        yield Change(path, "UPDATE")


def _below(path: str, parents: Sequence[str]) -> bool:
    return any(path == parent or path.startswith((f"{parent}.", f"{parent}[")) for parent in parents)


@dataclass
class _Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The common part of both stand-ins; methods have the protocol's names."""

    package: ClassVar[str]
    configured: dict[str, Any] = field(default_factory=dict)
    fail_at: str = ""
    """The name of the resource whose creation fails, as with a lost connection."""
    meanwhile: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    """Functions to call during the creation of a resource, by the resource's name."""

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return plugin_pb2.PluginInfo(version=version(self.package))  # the SDK's: the engine warns of any other

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        differences = list(changes(wire.read(request.old_inputs), wire.read(request.news)))
        return self._answer(differences, self._new_provider)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.configured = {key: _parsed(value) for key, value in wire.reveal(wire.read(request.args)).items()}
        if refusal := self.refusal():
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, refusal)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        old, new = (wire.reveal(wire.read(each)) for each in (request.old_inputs, request.news))
        return self._answer(list(changes(old, new)), self.replaced(request.type, new))

    def _answer(self, differences: Sequence[Change], replaced: Sequence[str]) -> Any:
        answer = provider_pb2.DiffResponse(changes=_DIFFERS if differences else _EQUAL, hasDetailedDiff=True)
        for change in differences:
            new = _below(change.path, replaced)
            kind = f"{change.kind}_REPLACE" if new else change.kind
            answer.detailedDiff[change.path].CopyFrom(
                provider_pb2.PropertyDiff(kind=provider_pb2.PropertyDiff.Kind.Value(kind), inputDiff=True)
            )
            answer.diffs.append(change.path.partition(".")[0].partition("[")[0])
            if new:
                answer.replaces.append(change.path)
                answer.deleteBeforeReplace = True  # the old resource has the same name
        return answer

    _new_provider: ClassVar[Sequence[str]] = ()

    def refusal(self) -> str:
        """Return why the provider refuses its configuration; empty if it accepts it."""
        return ""

    def replaced(self, token: str, inputs: Mapping[str, Any]) -> Sequence[str]:
        """Return the paths whose change replaces the resource."""
        raise NotImplementedError


def _parsed(value: Any) -> Any:
    """Return the value of a provider's input, which is a text, or JSON for any other type."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


@dataclass
class Kubernetes(_Provider):
    """A stand-in for pulumi-resource-kubernetes: objects go to a store, charts are expanded by the real helm."""

    package = "pulumi-kubernetes"
    store: Store = field(default_factory=Memory)
    kubernetes_version: str = KUBERNETES
    upsert: bool = False
    """Whether a create takes over an existing object, as with PULUMI_K8S_UPSERT_EXISTING_OBJECTS."""

    # As the real one: another cluster replaces every resource.
    _new_provider = ("clusterIdentifier",)

    def replaced(self, token: str, inputs: Mapping[str, Any]) -> Sequence[str]:
        kind = token.rpartition(":")[2]
        mutable = {"ConfigMap": "enableConfigMapMutable", "Secret": "enableSecretMutable"}.get(kind)
        data = _DATA if mutable and not self.configured.get(mutable) else ()
        immutable = (*_DATA,) if inputs.get("immutable") else ()
        return *_ALWAYS_REPLACED, *_REPLACED.get(kind, ()), *data, *immutable

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        properties = wire.read(request.properties)
        an_object = wire.reveal(properties)
        name = an_object["metadata"]["name"]
        if not request.preview:
            if name == self.fail_at:
                context.abort(grpc.StatusCode.UNAVAILABLE, f"the stand-in fails at {name}")
            if happens := self.meanwhile.get(name):
                happens()
            try:
                self.store.create(an_object, upsert=self.upsert)
            except AlreadyThereError as error:
                context.abort(grpc.StatusCode.ALREADY_EXISTS, f"resource {error} was not created: it already exists")
        return provider_pb2.CreateResponse(id=_id(an_object), properties=request.properties)

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        if not request.preview:
            force = bool(self.configured.get("enablePatchForce"))
            self.store.update(wire.reveal(wire.read(request.news)), force=force)
        return provider_pb2.UpdateResponse(properties=request.news)

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        an_object = wire.reveal(wire.read(request.inputs))
        live = self.store.read(an_object)
        if live is None:
            return provider_pb2.ReadResponse()
        if not list(changes(an_object, _declared_part(an_object, live))):
            return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)
        state = wire.write(_declared_part(an_object, live))
        return provider_pb2.ReadResponse(id=request.id, properties=state, inputs=state)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        an_object = wire.reveal(wire.read(request.old_inputs))
        annotations = an_object["metadata"].get("annotations") or {}
        self.store.delete(an_object, orphan=annotations.get("pulumi.com/deletionPropagationPolicy") == "orphan")
        return empty_pb2.Empty()

    def Construct(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Expand a chart and register its objects as the component's children, under the names of the real one."""
        inputs = wire.read(request.inputs)
        with grpc.insecure_channel(request.monitorEndpoint, options=_OPTIONS) as channel:
            monitor = resource_pb2_grpc.ResourceMonitorStub(channel)
            chart = monitor.RegisterResource(
                resource_pb2.RegisterResourceRequest(
                    type=request.type,
                    name=request.name,
                    parent=request.parent,
                    aliases=request.aliases,
                    acceptSecrets=True,
                    supportsResultReporting=True,
                )
            )
            # The real one, too, renders nothing while an input is unknown.
            for document in [] if wire.has_unknown(inputs) else self.expand(inputs, context):
                qualified_name = "/".join(
                    filter(None, (document["metadata"].get("namespace"), document["metadata"]["name"]))
                )
                monitor.RegisterResource(
                    resource_pb2.RegisterResourceRequest(
                        type=token_of(document),
                        name=f"{request.name}:{qualified_name}",
                        parent=chart.urn,
                        custom=True,
                        object=wire.write(document),
                        provider=request.providers["kubernetes"],
                        acceptSecrets=True,
                        supportsPartialValues=True,
                        supportsResultReporting=True,
                    )
                )
            state = {"name": inputs["name"], "namespace": inputs["namespace"]}
            monitor.RegisterResourceOutputs(
                resource_pb2.RegisterResourceOutputsRequest(urn=chart.urn, outputs=wire.write(state))
            )
        return provider_pb2.ConstructResponse(urn=chart.urn, state=wire.write(state))

    def expand(self, inputs: Mapping[str, Any], context: Any) -> list[Object]:
        """Return a chart's objects; abort the request if helm fails."""
        try:
            return chart_objects(inputs, self.kubernetes_version)
        except ValueError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
            raise  # for mypy: abort has raised already


def chart_objects(inputs: Mapping[str, Any], kubernetes_version: str = KUBERNETES) -> list[Object]:
    """Return the objects of a Chart's inputs by `helm template`, as the real provider does.

    Raises ValueError with helm's message.
    """
    values = yaml.safe_dump(wire.reveal(inputs["values"]))
    options = ["--namespace", inputs["namespace"], "--kube-version", kubernetes_version, "--skip-crds"]
    answer = run([binary("helm"), "template", inputs["name"], _folder(inputs), *options, "--values", "-"], values)
    if answer.returncode:
        raise ValueError(f"chart {inputs['chart']}: {answer.stderr.strip()}")
    # Like the real provider, leave out hooks and set the namespace of namespaced objects.
    return [
        placed(each, inputs["namespace"])
        for each in yaml.safe_load_all(answer.stdout)
        if each and "helm.sh/hook" not in (each["metadata"].get("annotations") or {})
    ]


_CLUSTER_WIDE = {"ClusterRole", "ClusterRoleBinding", "Namespace", "PriorityClass", "StorageClass"}


def placed(document: Object, namespace: str) -> Object:
    """Return the object with its namespace, which a chart may omit."""
    if document["kind"] in _CLUSTER_WIDE:
        return document
    return {**document, "metadata": {"namespace": namespace, **document["metadata"]}}


def _folder(inputs: Mapping[str, Any]) -> Path:
    """Return the chart's folder: the path of a stack file, or the pinned chart or its stand-in."""
    chart: str = inputs["chart"]  # a name, the same in a mirror's registry, or a path
    return chart_or_standin(chart.rpartition("/")[2]) if "version" in inputs else Path(chart)


def token_of(document: Object) -> str:
    """Return Pulumi's type token of an object."""
    group = document["apiVersion"]
    return f"kubernetes:{group if '/' in group else f'core/{group}'}:{document['kind']}"


def _id(an_object: Object) -> str:
    metadata = an_object["metadata"]
    return "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))


def _declared_part(inputs: Any, live: Any) -> Any:
    """Return the part of a live object that its inputs declare: servers add other fields."""
    if isinstance(inputs, Mapping) and isinstance(live, Mapping):
        return {key: _declared_part(item, live[key]) for key, item in inputs.items() if key in live}
    if isinstance(inputs, list) and isinstance(live, list) and len(inputs) == len(live):
        return [_declared_part(item, live_item) for item, live_item in zip(inputs, live, strict=True)]
    return live


@dataclass
class Cloud(_Provider):
    """A stand-in for a cloud's provider: its resources, in a dictionary."""

    resources: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _replaced: ClassVar[Mapping[str, Sequence[str]]] = {}

    def replaced(self, token: str, inputs: Mapping[str, Any]) -> Sequence[str]:  # noqa: ARG002
        return self._replaced.get(token.rpartition(":")[2], ())

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        properties = wire.read(request.properties)
        resource_id = str(properties.get("bucket") or properties.get("name") or request.name)
        if not request.preview:
            self.resources[request.urn] = properties
        return provider_pb2.CreateResponse(id=resource_id, properties=request.properties)

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        if not request.preview:
            self.resources[request.urn] = wire.read(request.news)
        return provider_pb2.UpdateResponse(properties=request.news)

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        if request.urn not in self.resources:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        del self.resources[request.urn]
        return empty_pb2.Empty()


@dataclass
class Aws(Cloud):
    """A stand-in for pulumi-resource-aws: the resources of one account."""

    package = "pulumi-aws"
    account: str = "123456789012"

    _new_provider = ("region",)
    _replaced = _AWS_REPLACED

    def refusal(self) -> str:
        allowed = self.configured.get("allowedAccountIds") or [self.account]
        return "" if self.account in allowed else f"AWS account ID not allowed: {self.account}"


@dataclass
class Gcp(Cloud):
    """A stand-in for pulumi-resource-gcp."""

    package = "pulumi-gcp"

    _new_provider = ("project",)
    _replaced = _GCP_REPLACED


@dataclass
class Azure(Cloud):
    """A stand-in for pulumi-resource-azure-native, which gives an identity its IDs."""

    package = "pulumi-azure-native"

    _new_provider = ("subscriptionId", "tenantId", "environment")
    _replaced = _AZURE_REPLACED

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        created = super().Create(request, context)
        if not request.preview and ":UserAssignedIdentity::" in request.urn:
            ids = {"clientId": "the-client-of-the-pods", "principalId": "the-principal-of-the-pods"}
            created.properties.update(ids)
        return created


_OPTIONS = (("grpc.max_receive_message_length", _MAX_MESSAGE), ("grpc.max_send_message_length", _MAX_MESSAGE))


@contextmanager
def serving(provider: _Provider) -> Iterator[int]:
    """Serve a stand-in on loopback; yield its port."""
    server = grpc.server(ThreadPoolExecutor(max_workers=32), options=_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        assert server.stop(grace=None).wait(_STOP_SECONDS), f"the stand-in still runs {_STOP_SECONDS} s after its stop"
