"""Rules for values that a stack passes on: outside of what logstack knows the consequences of."""

from logstack.diff.changes import Change
from logstack.diff.effects import Effect
from logstack.diff.rule import Rule, Sides, Unit, When
from logstack.render.flat import keys

# The keys of a stack file whose values stand in each artefact.
_KEYS = {
    "loki.yaml": "loki.config",
    "loki-values.yaml": "loki.values",
    "alloy-values.yaml": "alloy.values",
    "alloy-events-values.yaml": "alloy.values",
}
_DO = "Read what the documentation of Loki, Alloy or the chart says of it: logstack does not know its consequences."


def _is_passed_on(change: Change, _unit: Unit, sides: Sides) -> bool:
    path = _without_entries(_key(change))
    return any(
        f"{_without_entries(passed)}.".startswith(f"{path}.")
        for side in sides.both
        for passed, _ in keys(side.settings)
    )


def _key(change: Change) -> str:
    """The key of the stack file that would pass the value on."""
    if change.artefact == "overrides.yaml":
        _, tenant, *path = change.path.split(".")
        return ".".join([f"tenants[{tenant}].config", *path])
    return f"{_KEYS[change.artefact]}.{change.path}"


def _without_entries(path: str) -> str:
    """The path down to a list: entries of the stack stand behind logstack's in some of them."""
    head, bracket, rest = path.partition("[")
    if head == "tenants":
        name, _, rest = rest.partition("]")
        return f"{head}{bracket}{name}]{rest.partition('[')[0]}"
    return head


RULES = (
    Rule(
        "passed-on",
        Effect.RESTART,
        tuple(f"{artefact} ?*" for artefact in (*_KEYS, "overrides.yaml")),
        "{path} changes from {before} to {after}: passed on, outside logstack's promises.",
        _DO,
        When("passed on by the stack file", _is_passed_on),
    ),
    Rule(
        "passed-on-blocks",
        Effect.RESTART,
        ("settings alloy.config",),
        "The blocks of config.alloy that the stack passes on change, outside logstack's promises.",
        _DO,
    ),
)
