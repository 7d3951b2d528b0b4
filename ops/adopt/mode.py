"""The deployment mode, its roles' replicas, and the replication factor."""

from typing import get_args

from ops.adopt.loki_config import LokiConfig
from ops.adopt.reading import Reading
from settings.loki import DeploymentMode, Replicas, Role
from settings.problems import nearest

# What each of the chart's modes is here; a mode on its way to another is written as the one that it leads to.
_MODES = {
    "SingleBinary": "monolithic",
    "Monolithic": "monolithic",
    "SimpleScalable": "simple-scalable",
    "Distributed": "distributed",
    "SingleBinary<->SimpleScalable": "simple-scalable",
    "Monolithic<->SimpleScalable": "simple-scalable",
    "SimpleScalable<->Distributed": "distributed",
}
CHART_ROLES: dict[Role, str] = {"write": "write", "read": "read", "backend": "backend", "monolithic": "singleBinary"}
_ROLES: dict[str, tuple[Role, ...]] = {
    "simple-scalable": ("write", "read", "backend"),
    "monolithic": ("monolithic",),
}
_DISTRIBUTED = (
    "ingester",
    "distributor",
    "querier",
    "queryFrontend",
    "queryScheduler",
    "indexGateway",
    "compactor",
    "bloomPlanner",
    "bloomBuilder",
    "bloomGateway",
    "bloomCompactor",
    "patternIngester",
)
_OTHER_MODE = "the mode decides: pods of the other modes are none"


def roles_of(reading: Reading) -> tuple[Role, ...]:
    """The roles of the mode that the stack file has."""
    return _ROLES.get(str(reading.written("deploymentMode")), ())


def mode(reading: Reading, config: LokiConfig) -> None:
    """The mode and how many pods of each role."""
    said = str(reading.value("deploymentMode"))
    meant = _MODES.get(said)
    supported = get_args(DeploymentMode)
    if meant in supported:
        _take(reading, said, str(meant))
    elif meant is None:
        near = nearest(said, _MODES) or "SimpleScalable"
        text = f"no mode of the chart, which renders a release without Loki: did you mean {near}? Written is that"
        reading.not_taken("deploymentMode", text, decide=True)
        reading.write("deploymentMode", _MODES[near])
    else:
        _unsupported(reading, said)
    for role in roles_of(reading):
        _replicas(reading, role, CHART_ROLES[role])
    _replication(reading, config)


def _take(reading: Reading, said: str, meant: str) -> None:
    reading.write("deploymentMode", meant)
    if "<->" in said:
        text = f"on its way between two modes: end that move first; written is {meant}, to which it leads"
        reading.translated("deploymentMode", text, key="deploymentMode", decide=True)
    elif reading.given("deploymentMode"):
        reading.understood("deploymentMode", "deploymentMode")
    else:
        reading.unsaid(
            "deploymentMode", f"not set: the chart's default in this version is {said}", key="deploymentMode"
        )


def _unsupported(reading: Reading, said: str) -> None:
    text = (
        f"{said} is not among logstack's modes: written is monolithic with three replicas, which share one ring. "
        "Its volumes are others, so go side by side (docs/adopting.md)"
    )
    reading.not_taken("deploymentMode", text, decide=True)
    reading.side_by_side.append(f"the mode {said} has other workloads and volumes")
    reading.write("deploymentMode", "monolithic")
    reading.write("replicas.monolithic", 3)


def _replicas(reading: Reading, role: Role, key: str) -> None:
    path, target = f"{key}.replicas", f"replicas.{role}"
    count = reading.value(path)
    scaled = next(
        (each for each in ("autoscaling", "kedaAutoscaling") if reading.value(f"{key}.{each}.enabled") is True), None
    )
    if scaled:
        count = reading.value(f"{key}.{scaled}.minReplicas") or count
        text = f"the number of pods is fixed here; written is the lowest of the scaling: {count}"
        reading.not_taken(f"{key}.{scaled}", text, decide=True)
    if isinstance(count, int) and count > 0:
        if not reading.written(target):
            reading.write(target, count)
        reading.understood(path, target)
        if not reading.given(path):
            reading.unsaid(path, f"not set: the chart's default is {count}", key=target)
    elif reading.given(path):
        reading.not_taken(
            path,
            f"the mode has no Loki without {role} pods: {Replicas.model_fields[role].default} by default",
            decide=True,
        )
    elif not reading.written(target):
        reading.unsaid(path, "not set: the chart runs none, logstack one", key=target)
        reading.write(target, 1)


def other_roles(reading: Reading) -> None:
    """What is said of the roles of other modes."""
    here = {CHART_ROLES[role] for role in roles_of(reading)}
    for key in (*CHART_ROLES.values(), *_DISTRIBUTED):
        if key in here:
            continue
        if key in _DISTRIBUTED and str(reading.value("deploymentMode")).endswith("Distributed"):
            reading.not_taken(key, "a role of the distributed mode: its numbers have no counterpart", decide=True)
        else:
            reading.translated(key, _OTHER_MODE)


def _replication(reading: Reading, config: LokiConfig) -> None:
    for path in ("common.replication_factor", "ingester.lifecycler.ring.replication_factor"):
        value = config.value(path)
        if isinstance(value, int):
            reading.write("replicationFactor", value)
            reading.understood(config.where(path), "replicationFactor")
    if reading.written("replicationFactor") is None:
        value = reading.value("loki.commonConfig.replication_factor")
        reading.write("replicationFactor", value)
        text = f"not set: the chart's default is {value}"
        reading.unsaid("loki.commonConfig.replication_factor", text, key="replicationFactor")
