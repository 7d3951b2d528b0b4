"""Run a Pulumi program against a monitor that records every request to the engine."""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc
from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import SETTINGS, set_root_resource
from pulumi.runtime.stack import run_in_stack, wait_for_rpcs

STACK_TYPE = "pulumi:pulumi:Stack"
_A_ROOT = object()
Transform = Callable[[pulumi.ResourceTransformArgs], pulumi.ResourceTransformResult | None]


@dataclass(frozen=True)
class Hidden:
    """A value that crossed the wire as a secret."""

    value: Any


@dataclass(frozen=True)
class Registered:
    """One resource as the engine was asked to register it."""

    urn: str
    type: str
    name: str
    parent: str
    """The parent's URN."""
    inputs: Mapping[str, Any]
    """By their names on the wire; a secret value is Hidden."""
    component: bool
    """Whether it is one of the program's components."""
    protect: bool
    retain_on_delete: bool
    dependencies: frozenset[str]
    """URNs."""
    inputs_from: frozenset[str]
    """URNs of resources whose outputs are inputs of this one."""
    provider: str
    """The URN of its provider; empty for a component."""
    providers: Mapping[str, str]
    """The URNs of the providers that a component passes to its children, by package."""
    aliases: int
    """The number of its aliases; the SDK's own classes have some."""
    transforms: tuple[Transform, ...]

    @property
    def revealed(self) -> Mapping[str, Any]:
        """Return the inputs with secret values in clear text."""
        return {key: _revealed(value) for key, value in self.inputs.items()}

    @property
    def plain(self) -> Mapping[str, Any]:
        """Return the inputs as a preview shows them, with secret values masked."""
        return {key: _plain(value) for key, value in self.inputs.items()}


@dataclass(frozen=True)
class Recording:
    """Everything that a program registered; it has ended, and no call is pending."""

    registered: tuple[Registered, ...]
    outputs: Mapping[str, Mapping[str, Any]]
    """The outputs that components registered, by URN."""
    exports: Mapping[str, Any]

    def one(self, type_: str, name: str | None = None) -> Registered:
        """Return the only resource of the type (and the name)."""
        matches = self.all(type_, name)
        if len(matches) != 1:
            known = "\n  ".join(f"{each.type} {each.name}" for each in self.registered)
            raise LookupError(f"{len(matches)} resources are {type_} {name or ''}; there are\n  {known}")
        return matches[0]

    def all(self, type_: str, name: str | None = None) -> tuple[Registered, ...]:
        """Return every resource of the type (and the name)."""
        return tuple(each for each in self.registered if each.type == type_ and name in (None, each.name))

    def children(self, parent: Registered) -> tuple[Registered, ...]:
        """Return the children of a resource."""
        return tuple(each for each in self.registered if each.parent == parent.urn)

    def at(self, urn: str) -> Registered:
        """Return the resource with a URN."""
        return next(each for each in self.registered if each.urn == urn)

    @property
    def components(self) -> tuple[Registered, ...]:
        """Return the program's components."""
        return tuple(each for each in self.registered if each.component)


ANSWERED = {"clientId": "the-client", "principalId": "the-principal"}
"""What Azure says of an identity that it has created."""


class _Echo(mocks.Mocks):
    """Mocks that return every resource's inputs as its outputs, an identity's with its IDs, and look nothing up."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        is_identity = args.typ.endswith(":UserAssignedIdentity")
        return f"{args.name}-id", {**args.inputs, **(ANSWERED if is_identity else {})}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        if args.token == "pulumi:pulumi:readStackResourceOutputs":
            return {"outputs": {}}, []
        raise LookupError(f"the program asks a provider ({args.token}): every value has to be known at preview")


@dataclass
class RecordingMonitor(mocks.MockMonitor):
    """Pulumi's mock monitor with a record of the requests; like the engine it refuses a URN that exists."""

    registered: list[Registered] = field(default_factory=list)
    registered_outputs: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(_Echo())
        self._lock = threading.Lock()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Return a URN as the engine does: with the types of all ancestors but the stack."""
        above = _type(parent) if parent else STACK_TYPE
        qualified = type_ if above == STACK_TYPE else f"{above}${type_}"
        return "::".join((f"urn:pulumi:{pulumi.get_stack()}", pulumi.get_project(), qualified, name))

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the wire's name
        if request.type == STACK_TYPE:
            return super().RegisterResource(request)  # type: ignore[no-untyped-call]
        urn = self.make_urn(request.parent, request.type, request.name)
        registered = Registered(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            inputs={key: _hidden(value) for key, value in rpc.deserialize_properties(request.object).items()},
            component=not request.custom and not request.remote,
            protect=request.protect,
            retain_on_delete=request.retainOnDelete,
            dependencies=frozenset(request.dependencies),
            inputs_from=frozenset(urn for each in request.propertyDependencies.values() for urn in each.urns),
            provider=_without_id(request.provider),
            providers={package: _without_id(reference) for package, reference in request.providers.items()},
            aliases=len(request.aliases) + len(request.aliasURNs),
            transforms=tuple(mocks._resolve_callbacks(request.transforms)),
        )
        with self._lock:
            if any(each.urn == urn for each in self.registered):
                raise ValueError(f"duplicate resource URN {urn!r}: two resources of one type and parent share a name")
            self.registered.append(registered)
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the wire's name
        with self._lock:
            if request.urn in self.registered_outputs:
                raise ValueError(f"{request.urn!r} registers its outputs twice: which of the two counts is a race")
            self.registered_outputs[request.urn] = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


def record(
    program: Callable[[], object],
    *,
    config: Mapping[str, str] | None = None,
    secret_keys: Sequence[str] = (),
    stack: str = "test",
    project: str = "logstack",
    monitor: RecordingMonitor | None = None,
) -> Recording:
    """Run the program as the engine does, wait until no request is pending, and return what it registered.

    `config` is the stack's configuration as the engine passes it: full keys, JSON for values that are no text. Pulumi
    keeps its state in context variables, except pending outputs: each run gets a copy of the context, and leaves
    nothing behind. Pass a `monitor` to see what was registered before a program failed.
    """
    monitor = monitor or RecordingMonitor()
    run = _run(program, monitor, dict(config or {}), list(secret_keys), (project, stack))
    try:
        contextvars.copy_context().run(asyncio.run, run)
    finally:
        SETTINGS.outputs.clear()
    outputs = dict(monitor.registered_outputs)
    exports = outputs.pop(next(urn for urn in outputs if _type(urn) == STACK_TYPE))
    return Recording(tuple(monitor.registered), outputs, exports)


async def _run(
    program: Callable[[], object],
    monitor: RecordingMonitor,
    config: dict[str, str],
    secret_keys: list[str],
    project_and_stack: tuple[str, str],
) -> None:
    asyncio.get_running_loop().set_exception_handler(_forget_unread)
    project, stack = project_and_stack
    # Without a root, set_mocks creates a second stack, which registers empty outputs in another thread: on a busy
    # machine they may come after those of run_in_stack's stack. So a root is set meanwhile.
    set_root_resource(_A_ROOT)  # type: ignore[arg-type]
    mocks.set_mocks(monitor.mocks, project=project, stack=stack, preview=False, monitor=monitor)
    set_root_resource(None)  # type: ignore[arg-type]
    set_all_config(config, secret_keys)

    def run() -> None:
        program()

    await run_in_stack(run)
    # The SDK counts the stack's outputs as pending only when the loop has turned once, which it does not always do.
    await asyncio.sleep(0)
    await wait_for_rpcs()


def _forget_unread(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Do not print exceptions that nobody read, such as those beside the first one of a refused program.

    They are printed when memory is freed, at any later moment. While Python 3.11 parses a file that breaks the parser:
    printing a traceback parses too ("AST constructor recursion depth mismatch").
    """
    if not str(context.get("message")).endswith("never retrieved"):
        loop.default_exception_handler(context)


def _type(urn: str) -> str:
    return urn.split("::")[2]


def _without_id(reference: str) -> str:
    """Return the URN of a provider reference, which is its URN and its id."""
    return reference.rpartition("::")[0]


def _hidden(value: Any) -> Any:
    if rpc.is_rpc_secret(value):
        return Hidden(rpc.unwrap_rpc_secret(value))
    return _each(value, _hidden)


def _revealed(value: Any) -> Any:
    return _revealed(value.value) if isinstance(value, Hidden) else _each(value, _revealed)


def _plain(value: Any) -> Any:
    return "[secret]" if isinstance(value, Hidden) else _each(value, _plain)


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: change(item) for key, item in value.items()}
    return [change(item) for item in value] if isinstance(value, list) else value
