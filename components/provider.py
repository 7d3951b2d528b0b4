"""The provider of the component package, by which programs in any language have a LogStack."""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider.experimental import provider, server
from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.runtime.stack import wait_for_rpcs

from logstack.manifests.deployment import deployment
from logstack.preflight.masked_words import refuse_masked_words
from logstack.settings.load.loader import settings_from
from logstack.settings.load.source import SECRETS, UNEXPECTED_SECRET, Source
from logstack.settings.load.stack_file import Value
from logstack.settings.problems import Problem, Rule, StackProblems
from logstack.settings.tree import Settings

from .config import StackRefused, problems_stop_the_program, show_warnings
from .guards import stop_before_harm
from .log_stack import LOG_STACK, LogStack
from .object_store import Credentials
from .package_schema import package_schema

VERSION = "0.1.0"
"""The package's, which is logstack's."""

NOT_KNOWN = Rule("value-not-known", "nothing could be checked, and the preview would not show what the charts make")


class LogStackProvider(provider.Provider):
    """Gives a program's engine the schema of the package, and makes its components."""

    async def get_schema(self, request: provider.GetSchemaRequest) -> provider.GetSchemaResponse:
        """Return the schema as JSON."""
        del request
        return provider.GetSchemaResponse(json.dumps(package_schema(VERSION)))

    async def configure(self, request: provider.ConfigureRequest) -> provider.ConfigureResponse:
        """Ask the engine for secrets and unknown values as such.

        In the other form, output values, the SDK 3.272 cannot read an unknown one, nor one without dependencies
        (property_value.py, unmarshal).
        """
        del request
        return provider.ConfigureResponse(accept_secrets=True, accept_resources=True, accept_outputs=False)

    async def construct(self, request: provider.ConstructRequest) -> provider.ConstructResponse:
        """Register a LogStack after the checks that a stack file has; raise InputPropertiesError with its problems."""
        if request.resource_type != LOG_STACK:
            raise InputPropertiesError(f"unknown component {request.resource_type}: the package has {LOG_STACK}", [])
        try:
            log_stack = _log_stack(request)
        except StackRefused as refused:
            raise InputPropertiesError(str(refused), []) from None
        urn = await log_stack.urn.future()
        await _registered()
        state = {name: PropertyValue(text) for name, text in log_stack.addresses.items()}
        return provider.ConstructResponse(urn=urn or "", state=state, state_dependencies={})


async def _registered() -> None:
    """Wait until the engine has answered for each resource; the server would add a traceback to what it says."""
    try:
        await wait_for_rpcs(await_all_outstanding_tasks=False)
    except Exception as error:
        if type(error) not in (Exception, pulumi.RunError):  # those are the SDK's for an engine's refusal
            raise
        raise InputPropertiesError(str(error), []) from None


def _log_stack(request: provider.ConstructRequest) -> LogStack:
    settings = _settings(request.inputs)
    stop_before_harm(settings, deployment(settings))
    key, secret = (request.inputs.get(name) for name in SECRETS)
    credentials = Credentials(_secret(key), _secret(secret)) if key and secret else None
    return LogStack(request.name, settings, credentials=credentials, opts=request.options)


def _settings(inputs: Mapping[str, PropertyValue]) -> Settings:
    """Return checked settings; problems name an argument as a stack file does, `logstack:retention`."""
    keys = {name: value for name in SECRETS if (value := inputs.get(name))}
    arguments = {name: value for name, value in inputs.items() if name not in SECRETS}
    with problems_stop_the_program():
        if unusable := [problem for name, value in arguments.items() for problem in _unusable(name, value)]:
            raise StackProblems(unusable)
        raw = {name: _plain(value) for name, value in arguments.items() if value.value is not None}
        stack = settings_from(Source(raw, frozenset(keys)), pulumi.get_stack(), Path(), key_needed=True)
        known = {name: value.value for name, value in keys.items() if isinstance(value.value, str)}
        refuse_masked_words(known, stack.settings, [pulumi.get_stack()])
    show_warnings(stack.problems)
    return stack.settings


def _unusable(path: str, value: PropertyValue) -> Iterator[Problem]:
    """Yield what cannot be read of an argument: it is a secret, or a resource makes it that does not exist yet."""
    if value.is_secret:
        fix = f"pass it in clear text: only {SECRETS[0]} and {SECRETS[1]} are secrets"
        yield UNEXPECTED_SECRET.problem(path, f"{path} is a secret", fix)
    match value.value:
        case Computed():
            what = f"{path} is an output that is not known before an update"
            yield NOT_KNOWN.problem(path, what, "write the value itself, such as the name that you give the resource")
        case Mapping() as group:
            for name, item in group.items():
                yield from _unusable(f"{path}.{name}", item)
        case list() | tuple() as items:
            for number, item in enumerate(items):
                yield from _unusable(f"{path}[{number}]", item)


def _plain(value: PropertyValue) -> Value:
    """Return an argument as a stack file has it; every number crosses the wire as a float."""
    match value.value:
        case Mapping() as group:
            return {name: _plain(item) for name, item in group.items() if item.value is not None}
        case list() | tuple() as items:
            return [_plain(item) for item in items]
        case float() as number if number.is_integer():
            return int(number)
        case str() | bool() | float() | None as scalar:
            return scalar
    return str(value.value)


def _secret(value: PropertyValue) -> pulumi.Output[str]:
    """Return half of the access key as a secret; another resource may make it."""
    is_known: asyncio.Future[bool] = asyncio.Future()
    is_known.set_result(not isinstance(value.value, Computed))
    text: asyncio.Future[str] = asyncio.Future()
    text.set_result(str(value.value))
    return pulumi.Output.secret(pulumi.Output(set(), text, is_known))


def serve() -> None:
    """Serve the provider until the engine stops it: what a plugin's program does."""
    server.main(sys.argv[1:], VERSION, LogStackProvider())
