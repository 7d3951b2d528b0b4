"""Volumes: the components whose pods have none."""

from collections.abc import Iterator, Mapping

from pydantic.alias_generators import to_camel

from logstack.settings.checks.check import reads
from logstack.settings.model.roles import Role
from logstack.settings.model.sizes import Resources
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

ON_DAEMON_SET = Rule(
    "volume-on-daemonset",
    "a DaemonSet has no volume claim templates: all of its pods would share one claim, and a volume that one node "
    "attaches leaves the pods of every other node waiting",
)
WITHOUT_VOLUME = Rule("disk-without-volume", "the key has no effect: these pods have no volume")

# The components without a volume, by their key below `resources`, and how to fix a stack file that sets a disk.
_WITHOUT_VOLUME: Mapping[str, tuple[Rule, str]] = {
    **{role.key: (WITHOUT_VOLUME, "remove disk") for role in Role if role.row.volume is None},
    "alloy": (
        ON_DAEMON_SET,
        "remove disk: positions are kept on the node, or with sources: {pods: api} as long as the pod is there",
    ),
    "canary": (ON_DAEMON_SET, "remove disk: the canary keeps nothing"),
    "gateway": (WITHOUT_VOLUME, "remove disk"),
    "alloyEvents": (WITHOUT_VOLUME, "remove disk"),
    "objectStore": (WITHOUT_VOLUME, "remove disk; the embedded store's own size is logstack:objectStore: {size: 20Gi}"),
}


@reads()
def disks(settings: Settings) -> Iterator[Problem]:
    """Check that only components with a volume have a disk."""
    resources_by_name: dict[str, Resources | None] = dict(settings.stated.resources)
    for name, resources in resources_by_name.items():
        key = to_camel(name)
        if resources and resources.disk and key in _WITHOUT_VOLUME:
            rule, fix = _WITHOUT_VOLUME[key]
            runs = "runs once on every node, as a DaemonSet" if rule is ON_DAEMON_SET else "has no volume of that size"
            yield rule.problem(f"resources.{key}.disk", f"{key} {runs}", fix)


CHECKS = (disks,)
