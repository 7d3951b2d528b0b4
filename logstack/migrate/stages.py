"""The common parts of stages: changed lines, their consequences, and commands."""

from datetime import date

from logstack.diff.consequences import Consequence, stack_diff
from logstack.diff.effects import Effect
from logstack.diff.snapshot import Rendered, render
from logstack.migrate.edit import Version, difference
from logstack.migrate.model import Stage


def changing(
    title: str,
    before: Version,
    after: Version,
    *,
    day: date,
    check: tuple[str, ...],
    back: str,
    first: tuple[str, ...] = (),
) -> Stage:
    """Return a stage that changes the stack file on `day`, after the steps `first`."""
    name = after.stack.name
    do = (*first, f"apply the change to Pulumi.{name}.yaml", f"logstack try {name}", f"pulumi up --stack {name}")
    return Stage(title, difference(before, after), follows(before, after, day), do, check, back)


def follows(before: Version, after: Version, day: date) -> tuple[str, ...]:
    """Return the change's consequences by the diff, one sentence of each kind, without cosmetic ones."""
    stack_difference = stack_diff(after.stack.name, rendered(before), rendered(after), day)
    return tuple(
        _summary(each)
        for each in (stack_difference.consequences if stack_difference else ())
        if each.effect != Effect.COSMETIC
    )


def _summary(consequence: Consequence) -> str:
    first, *remaining = consequence.sentences
    more = f" And {len(remaining)} more of this kind." if remaining else ""
    return f"{consequence.effect}: {first.text()}{more}"


def rendered(version: Version) -> Rendered:
    """Render the stack of a version."""
    return render(version.stack)


def kubectl(version: Version, words: str) -> str:
    """Return a kubectl command for the stack's cluster and namespace."""
    cluster = version.stack.settings.cluster
    return f"kubectl --context {cluster.context} -n {cluster.namespace} {words}"
