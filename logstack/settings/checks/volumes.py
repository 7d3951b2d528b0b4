"""Volumes: which pods can have one of their own."""

from collections.abc import Iterator, Mapping

from pydantic.alias_generators import to_camel

from logstack.settings.checks.check import reads
from logstack.settings.model.sizes import Resources
from logstack.settings.model.tree import Settings
from logstack.settings.problems import Problem, Rule

ON_DAEMON_SET = Rule(
    "volume-on-daemonset",
    "a DaemonSet has no volume claim templates: all of its pods would share one claim, and a volume that one node "
    "attaches leaves the pods of every other node waiting",
)
WITHOUT_VOLUME = Rule("disk-without-volume", "the key has no effect: these pods have no volume")

# Parts without a volume whose size `resources` could say, and what to do about each.
_PARTS: Mapping[str, tuple[Rule, str]] = {
    "alloy": (
        ON_DAEMON_SET,
        "remove disk: positions are kept on the node, or with sources: {pods: api} as long as the pod is there",
    ),
    "canary": (ON_DAEMON_SET, "remove disk: the canary keeps nothing"),
    "read": (WITHOUT_VOLUME, "remove disk"),
    "gateway": (WITHOUT_VOLUME, "remove disk"),
    "alloyEvents": (WITHOUT_VOLUME, "remove disk"),
    "objectStore": (WITHOUT_VOLUME, "remove disk; the embedded store's own size is logstack:objectStore: {size: 20Gi}"),
}


@reads()
def disks_of_parts_with_volumes(settings: Settings) -> Iterator[Problem]:
    """A size is said of volumes that there are."""
    given_of: dict[str, Resources | None] = dict(settings.stated.resources)
    for name, given in given_of.items():
        part = to_camel(name)
        if given and given.disk and part in _PARTS:
            rule, fix = _PARTS[part]
            runs = "runs once on every node, as a DaemonSet" if rule is ON_DAEMON_SET else "has no volume of that size"
            yield rule.problem(f"resources.{part}.disk", f"{part} {runs}", fix)


CHECKS = (disks_of_parts_with_volumes,)
