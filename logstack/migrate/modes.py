"""From one deployment mode to another: the new pods join the ring of the old ones, which then leave it one by one.

Pulumi deletes a StatefulSet with orphaning, so its pods keep running: the old writers keep their unflushed lines, in
the same memberlist ring and with the same bucket. A pod that stops flushes and leaves the ring.
Proven with the real Loki: tests/real/test_migrations.py.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from ruamel.yaml.comments import CommentedMap

from logstack.diff.rolls import loki_workloads
from logstack.manifests.charts import Workload
from logstack.manifests.loki.addresses import leader
from logstack.manifests.loki.chart import OF_EVERY_MODE, ROLES
from logstack.manifests.loki.leader import is_elected
from logstack.migrate.edit import Version
from logstack.migrate.model import Stage
from logstack.migrate.stages import changing, kubectl, rendered
from logstack.migrate.target import MODES
from logstack.settings.load.edit import Edit, flow, key_of
from logstack.settings.load.stack_file import Value
from logstack.settings.model.roles import DeploymentMode, Duty, Role, roles_of


def mode_stages(version: Version, keys: Mapping[str, Value]) -> tuple[list[Stage], Version]:
    """Plan the stages of a change of mode; return them and the stack after them. Raises StackProblems."""
    changed = version.edited(_mode(version, keys))
    staying = loki_workloads(rendered(changed))
    old = [each for part, each in loki_workloads(rendered(version)).items() if part not in (*OF_EVERY_MODE, *staying)]
    if not old:
        return [_resized(version, changed)], changed
    pods = [each for each in old if each.kind == "StatefulSet"]
    return [_both(version, changed, old), _old_pods_removed(version, changed, pods), _cleaned(version, pods)], changed


def _mode(version: Version, keys: Mapping[str, Value]) -> Edit:
    """Set the mode and its keys, and remove the keys of other modes' roles."""
    mode = keys.get("deploymentMode", version.stack.settings.deployment_mode)
    roles = roles_of(cast("DeploymentMode", mode)) if mode in MODES else ()

    def edit(config: CommentedMap) -> None:
        for key, value in keys.items():
            config[key_of(config, key)] = value
        if "replicas" not in keys and mode == "monolithic":
            # As many as the old writers: the replication factor needs as many pods.
            config[key_of(config, "replicas")] = flow({"monolithic": version.stack.settings.writers})
        for group in ("replicas", "resources"):
            section = config.get(key_of(config, group), {})
            for role in [role for role in section if role in _ROLE_KEYS and role not in roles]:
                del section[role]
            if not section:
                config.pop(key_of(config, group), None)

    return edit


_ROLE_KEYS = frozenset(role.key for role in Role)


def _resized(before: Version, after: Version) -> Stage:
    return changing(
        f"Change the number of pods in mode {after.stack.settings.deployment_mode}",
        before,
        after,
        day=before.today,
        check=("every Loki pod is ready", "the canary misses no line"),
        back="restore the stack file and run `pulumi up`",
    )


def _both(before: Version, after: Version, old: Sequence[Workload]) -> Stage:
    stateful = [each.called for each in old if each.kind == "StatefulSet"]
    at_once = [each.called for each in old if each.kind != "StatefulSet"]
    goes = (f"Pulumi deletes {', '.join(at_once)} with its pods",) if at_once else ()
    stage = changing(
        f"The pods of {after.stack.settings.deployment_mode} join the ring",
        before,
        after,
        day=before.today,
        check=(
            f"{kubectl(before, 'get pods -l app.kubernetes.io/name=loki')}: all pods are ready, old and new",
            "the gateway's /ring shows the old and the new writers, all ACTIVE",
            "a query finds lines from before the change, unflushed lines included",
            "the canary misses no line",
        ),
        back="restore the stack file and run `pulumi up`: the StatefulSets adopt their pods again by name",
    )
    orphans = " and ".join(stateful)
    consequences = (
        f"the pods of {orphans} keep running with lines that are in no bucket yet; nothing recreates a pod that dies",
        *goes,
        "while the gateway switches, pushes and queries may fail for some seconds; collectors retry",
    )
    return Stage(stage.title, stage.change, (*consequences, *stage.follows), stage.do, stage.check, stage.back)


def _old_pods_removed(before: Version, after: Version, old: Sequence[Workload]) -> Stage:
    """Other pods leave first: only writers hold lines that are nowhere else.

    At the end the new compactors' first pod restarts: while both modes ran, the old compactors' first pod had the same
    token (logstack/manifests/loki/leader.py), and the ring leaves a token to one of two pods.
    """
    writers = [each for each in old if Duty.HOLDS in ROLES[each.part].row.duties]
    readers = [each for each in old if each not in writers]
    settings = before.stack.settings
    alone = settings.lost_writers_survived == 0
    note = ("with replication factor 1 or 2, Loki may refuse pushes while a writer leaves: collectors retry",)
    return Stage(
        "Remove the old pods from the ring, one after the other",
        (),
        note if alone else (),
        (*(kubectl(before, f"delete pod {name} --wait") for name in _pods((*readers, *writers))), *_leader(after)),
        # Readers look for index files every 5 minutes (resync_interval), and list a bucket once a minute at most.
        (
            "after each pod: the gateway's /ring no longer shows it; a writer flushes first, for at most 5 minutes",
            "a query finds lines from before the change; allow 6 minutes for the last writer's index files",
            "at the end: the ring has only the new writers",
        ),
        "before you delete the first writer, restore the stack file and run `pulumi up`; afterwards run "
        f"`logstack migrate {before.stack.name} --to {settings.deployment_mode}`; neither loses lines",
    )


def _pods(workloads: Sequence[Workload]) -> list[str]:
    """The last pod first, in the order of a StatefulSet."""
    return [f"{each.name}-{number}" for each in workloads for number in reversed(range(each.pods or 0))]


def _leader(after: Version) -> list[str]:
    settings = after.stack.settings
    return [kubectl(after, f"delete pod {leader(settings)} --wait")] if is_elected(settings) else []


def _cleaned(before: Version, old: Sequence[Workload]) -> Stage:
    claims = [(volume.claim, each) for each in old if (volume := ROLES[each.part].row.volume)]
    names = " ".join(f"{claim}-{each.name}-{number}" for claim, each in claims for number in range(each.pods or 0))
    return Stage(
        "Delete their volumes",
        (),
        (),
        (kubectl(before, f"delete pvc {names}"),),
        ("a query finds lines of the whole retention, from before and after the change",),
        "not possible: a deleted volume is gone. Nobody needs it once its pod has left the ring cleanly",
    )
