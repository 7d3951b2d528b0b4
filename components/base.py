"""Register manifests with Pulumi: the only place where data becomes resources."""

import hashlib
import importlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, assert_never, cast

import pulumi

from logstack.manifests.charts import CHART
from logstack.manifests.manifest import ComponentTree, Json, Manifest, OutputOf, Secret
from logstack.preflight.provider_packages import module_of, refuse_missing_packages

from .config import problems_stop_the_program

# API groups that are not part of Kubernetes; the SDK has one class for all of their kinds.
_CUSTOM_GROUPS = ("gateway.networking.k8s.io",)


def resource_class(token: str) -> type[pulumi.Resource]:
    """The SDK's class of a type token such as `kubernetes:apps/v1:StatefulSet` or `aws:s3/bucket:Bucket`.

    Imported only when a resource of the kind is declared: the SDKs cost seconds.
    """
    package, module, name = token.split(":")
    if package == "pulumi":  # pulumi:providers:kubernetes
        return _attribute(module_of(name), "Provider")
    if package != "kubernetes":  # of a cloud: the second half of s3/bucket repeats the name
        return _attribute(f"{module_of(package)}.{module.split('/')[0]}", name)
    if is_custom(token):
        return _attribute("pulumi_kubernetes.apiextensions", "CustomResource")
    group, version = module.split("/")
    return _attribute(f"pulumi_kubernetes.{group.split('.')[0]}.{version}", name)


def is_custom(token: str) -> bool:
    """Return whether the kind is a custom resource: its group is neither Kubernetes' own nor Pulumi's for charts."""
    package, module, _ = token.split(":")
    group = module.partition("/")[0]
    own = group.endswith(".k8s.io") and group not in _CUSTOM_GROUPS
    return package == "kubernetes" and "." in group and not own and token != CHART


def _attribute(module: str, name: str) -> type[pulumi.Resource]:
    resource_class: type[pulumi.Resource] = getattr(importlib.import_module(module), name)
    return resource_class


def _parameter(key: str) -> str:
    """Return the SDK's name of an input: `resource_name` is every constructor's own first parameter."""
    return "resource_name_" if key == "resourceName" else _snake(key)


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda match: f"_{match[0].lower()}", key)


@cache  # each pod template that reads the secret has its fingerprint, and one takes 0.1 s
def fingerprint(secret: str, stack: str) -> str:
    """A text of 32 bits that changes with a secret: too short, and too slow to make, to find the secret by it.

    The stack is part of it: two stacks with one secret do not show that they have.
    """
    # The least cost that OWASP's password storage cheat sheet names for scrypt with 16 MiB of memory.
    return hashlib.scrypt(secret.encode(), salt=stack.encode(), n=2**14, r=8, p=5, dklen=4).hex()


def _output(reference: OutputOf, resource: pulumi.Resource) -> object:
    """Return an output of a registered resource of a cloud, whose class is known to its package alone."""
    identity = cast("Any", resource)
    match reference.output:
        case "clientId":
            return identity.client_id
        case "principalId":
            return identity.principal_id
        case never:
            assert_never(never)


def _filled(value: Json, secrets: Mapping[str, pulumi.Input[str]], registered: Mapping[str, pulumi.Resource]) -> object:
    """Return the value with each reference replaced by its secret or output. Raises ValueError for a missing secret."""
    if isinstance(value, OutputOf):
        return _output(value, registered[value.manifest])
    if isinstance(value, Secret):
        if value.name not in secrets:
            raise ValueError(
                f"no {value.name} was given: pass the component its credentials, or name a Secret that exists"
            )
        secret = pulumi.Output.secret(secrets[value.name])
        if value.fingerprint:
            stack = pulumi.get_stack()
            return pulumi.Output.unsecret(secret.apply(lambda text: fingerprint(text, stack)))
        return secret
    if isinstance(value, Mapping):
        return {key: _filled(item, secrets, registered) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_filled(item, secrets, registered) for item in value]
    return value


def _orphan_stateful_sets(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Keep a StatefulSet's pods and volumes when the StatefulSet itself has to be replaced."""
    if args.type_ != "kubernetes:apps/v1:StatefulSet":
        return None
    metadata: dict[str, Any] = dict(cast("Mapping[str, Any]", args.props["metadata"]))
    annotations = {**(metadata.get("annotations") or {}), "pulumi.com/deletionPropagationPolicy": "orphan"}
    return pulumi.ResourceTransformResult(
        props={**args.props, "metadata": {**metadata, "annotations": annotations}}, opts=args.opts
    )


class Component(pulumi.ComponentResource):
    """A component that registers a tree: itself, its manifests as its children, and its outputs.

    The resources of the components in `after` come first, and a Cluster among them gives the provider of the Kubernetes
    resources. `secrets` are the values of the tree's Secrets.
    """

    def __init__(
        self,
        tree: ComponentTree,
        *,
        after: Sequence["Component"] = (),
        secrets: Mapping[str, pulumi.Input[str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Registers the manifests in their order; ends the program if the package of their provider is missing."""
        with problems_stop_the_program():
            refuse_missing_packages([tree])
        inherited = [provider for each in after for provider in each.providers if provider.package == "kubernetes"]
        options = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(providers=inherited or None))
        super().__init__(tree.type, tree.name, None, options)
        self.providers: list[pulumi.ProviderResource] = []
        registered: dict[str, pulumi.Resource] = {}
        for manifest in tree.manifests:
            siblings = [registered[name] for name in manifest.depends_on]
            inputs = {key: _filled(value, secrets or {}, registered) for key, value in manifest.inputs.items()}
            resource = self._register(manifest, [*after, *siblings], inputs)
            registered[manifest.name] = resource
            if isinstance(resource, pulumi.ProviderResource):
                self.providers.append(resource)
        self.register_outputs(dict(tree.outputs))

    def _register(
        self, manifest: Manifest, after: Sequence[pulumi.Resource], filled: Mapping[str, object]
    ) -> pulumi.Resource:
        package = manifest.type.split(":")[0]
        options = pulumi.ResourceOptions(
            parent=self,
            depends_on=list(after),
            protect=manifest.protect or None,
            retain_on_delete=manifest.retain_on_delete or None,
            provider=next((each for each in self.providers if each.package == package), None),
            transforms=[_orphan_stateful_sets] if manifest.type == CHART else None,
        )
        # The class of a Kubernetes object sets its own apiVersion and kind; the class of custom resources takes them.
        stated = {"apiVersion", "kind"} if package == "kubernetes" and not is_custom(manifest.type) else set()
        inputs = {_parameter(key): value for key, value in filled.items() if key not in stated}
        make: Callable[..., pulumi.Resource] = resource_class(manifest.type)
        return make(manifest.name, opts=options, **inputs)


def register(
    components: Iterable[ComponentTree],
    secrets: Mapping[str, pulumi.Input[str]],
    opts: pulumi.ResourceOptions | None = None,
) -> None:
    """Register a deployment, whose components are in the order of their dependencies; `opts` are of each of them.

    Ends the program before that if the package of a cloud's provider is missing. Raises ValueError when a component has
    a Secret that is not among `secrets`.
    """
    components = tuple(components)
    with problems_stop_the_program():
        refuse_missing_packages(components)
    registered: dict[str, Component] = {}
    for tree in components:
        after = [registered[name] for name in tree.depends_on]
        registered[tree.name] = Component(tree, after=after, secrets=secrets, opts=opts)
