"""Autoscaling that cannot grow, or grows what has to be one."""

from collections.abc import Iterator

from logstack.settings.checks.check import reads
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

NO_RANGE = Rule("autoscaling-without-range", "the number of pods never changes")
LONE_COMPACTOR = Rule(
    "autoscaling-of-one-compactor",
    "a second compactor takes the lead by chance, and delete requests that the first one accepted are not carried out",
)
ONE_DIRECTORY = Rule("autoscaling-of-a-directory", "each pod would store and find only its own lines")


@reads("autoscaling", "deployment_mode", "replicas", "gateway")
def ranges(settings: Settings) -> Iterator[Problem]:
    """The most is more than the least."""
    least = {role.key: settings.replica_count(role) for role in settings.roles}
    least["gateway"] = settings.gateways
    for component, scaling in settings.autoscaling.by_component.items():
        replicas = least.get(component)
        if replicas is not None and scaling.max_replicas <= replicas:
            what = f"maxReplicas is {scaling.max_replicas}, and {component} has {replicas} pods at least"
            fix = f"maxReplicas: {replicas + 1}, or remove autoscaling.{component}"
            yield NO_RANGE.problem(f"autoscaling.{component}.maxReplicas", what, fix)


@reads("autoscaling", "deployment_mode", "replicas", "object_store.kind")
def compactors(settings: Settings) -> Iterator[Problem]:
    """Where several compact, one leads from the beginning."""
    role = settings.compactor
    if not settings.autoscaling[role.field]:
        return
    if settings.object_store.on_loki_volume:
        what = "the object store is a directory of one pod"
        yield ONE_DIRECTORY.problem(f"autoscaling.{role.key}", what, f"remove autoscaling.{role.key}")
    elif settings.replica_count(role) == 1:
        what = f"{role.key} has one pod, which compacts"
        fix = f"logstack:replicas: {{{role.key}: 3}}, or remove autoscaling.{role.key}"
        yield LONE_COMPACTOR.problem(f"autoscaling.{role.key}", what, fix)


CHECKS = (ranges, compactors)
