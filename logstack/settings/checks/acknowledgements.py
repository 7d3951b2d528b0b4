"""Risks that a stack accepts by name."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from logstack.settings.problems import Problem, Rule, listed, nearest

UNKNOWN = Rule("acknowledgement-unknown", "the entry silences nothing")
NOT_A_WARNING = Rule("acknowledgement-of-error", "an error cannot be acknowledged")
UNNEEDED = Rule(
    "acknowledgement-unneeded",
    "if the risk comes back, nobody is warned",
    "warning",
)

# Of the cluster, which only the running program asks (logstack/preflight/questions.py).
INGRESS_TARGET_MISSING = Rule(
    "ingress-target-missing",
    "until it exists, Loki is not reached from outside the cluster, or has no certificate there (expected)",
    "warning",
)
NO_DEFAULT_CLASS = Rule(
    "no-default-storage-class",
    "volume claims that name no class stay Pending, except where somebody makes volumes without a class for them",
    "warning",
)
_PENDING = "pods stay Pending, and the update waits for them until it fails"
NODES_TOO_FEW = Rule("nodes-too-few", _PENDING, "warning")
NODES_TOO_SMALL = Rule("nodes-too-small", _PENDING, "warning")
OF_CLUSTER = (INGRESS_TARGET_MISSING, NO_DEFAULT_CLASS, NODES_TOO_FEW, NODES_TOO_SMALL)
"""The warnings that no check of a stack file can give, and whose names it may acknowledge all the same."""

ENVIRONMENT_NOT_READ = Rule(
    "environment-not-read",
    "commands without Pulumi's engine see the stack without the values from there; `pulumi preview` has them",
    "warning",
)

SHORTENED = "retention-shortened-from-"
"""So begins what accepts a shorter retention, by its value: only the running program knows what was applied."""
LEFT = "object-store-left "
"""So begins what accepts that lines stay behind in another store, by its address."""


def names_are_known(acknowledged: Sequence[str], rules: Sequence[Rule]) -> Iterator[Problem]:
    """Check that each acknowledged name is the name of a warning."""
    warnings = [rule.name for rule in (*rules, *OF_CLUSTER, ENVIRONMENT_NOT_READ) if rule.severity == "warning"]
    errors = [rule.name for rule in rules if rule.severity == "error"]
    for number, name in enumerate(acknowledged):
        path = f"acknowledge[{number}]"
        if name.startswith((SHORTENED, LEFT)):
            continue
        if name in errors:
            yield NOT_A_WARNING.problem(path, f"{name} is an error", "remove the name, and correct what the error says")
        elif name not in warnings:
            similar = nearest(name, warnings)
            fix = (
                f"did you mean {similar}?"
                if similar
                else f"remove it; the warnings are {listed(sorted(warnings), 'and')}"
            )
            yield UNKNOWN.problem(path, "no warning has this name", fix)


def names_are_needed(
    acknowledged: Sequence[str], problems: Sequence[Problem], rules: Sequence[Rule]
) -> Iterator[Problem]:
    """Each name silences something; a warning that is not silenced by a further name."""
    needed = {problem.name for problem in problems}
    names = {rule.name for rule in rules if rule.severity == "warning"}
    for number, name in enumerate(acknowledged):
        if name in names - needed:
            problem = UNNEEDED.problem(
                f"acknowledge[{number}]", f"{name} is acknowledged, but there is no such warning", ""
            )
            yield replace(problem, fix=f"remove {name}")
