"""What every stage says in the same way: the lines that change, and what follows from them."""

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
    """A stage that changes the stack file; `day` is when, `first` is done before."""
    name = after.stack.name
    do = (*first, f"change {name}'s stack file", f"logstack try {name}", f"pulumi up --stack {name}")
    return Stage(title, difference(before, after), follows(before, after, day), do, check, back)


def follows(before: Version, after: Version, day: date) -> tuple[str, ...]:
    """What the diff says of the change, the first of each kind, but for what is cosmetic."""
    found = stack_diff(after.stack.name, rendered(before), rendered(after), day)
    return tuple(_said(each) for each in (found.consequences if found else ()) if each.effect != Effect.COSMETIC)


def _said(consequence: Consequence) -> str:
    first, *others = consequence.sentences
    more = f" And {len(others)} more of this kind." if others else ""
    return f"{consequence.effect}: {first.text()}{more}"


def rendered(version: Version) -> Rendered:
    """The stack of a version."""
    return render(version.stack)


def kubectl(version: Version, words: str) -> str:
    """A command for the stack's cluster and namespace."""
    cluster = version.stack.settings.cluster
    return f"kubectl --context {cluster.context} -n {cluster.namespace} {words}"
