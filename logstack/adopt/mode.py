"""The deployment mode, its roles' replicas, and the replication factor."""

from logstack.adopt.loki_config import LokiConfig
from logstack.adopt.paths import at
from logstack.adopt.reading import Reading
from logstack.manifests.loki import chart
from logstack.settings.checks.replication import PAIR
from logstack.settings.model.loki import LokiSettings
from logstack.settings.model.roles import DeploymentMode, Role
from logstack.settings.problems import nearest

# logstack's mode for each mode of any version; a transitional mode becomes the one that it leads to.
_MODES: dict[str, DeploymentMode] = {
    **{name: mode for mode, name in chart.MODES.items()},
    "SingleBinary": "monolithic",
    "SingleBinary<->SimpleScalable": "simple-scalable",
    "Monolithic<->SimpleScalable": "simple-scalable",
    "SimpleScalable<->Distributed": "distributed",
}
_PAIR_PODS = 2
_EXPERIMENTAL = (*chart.EXPERIMENTAL, "bloomCompactor", "patternIngester")
_WITH_EXPERIMENTAL = [name for name, mode in _MODES.items() if mode == "distributed"]
_OTHER_MODE = "the mode decides: roles of other modes have no pods"


def _settings(reading: Reading) -> LokiSettings:
    return LokiSettings.model_validate({"deploymentMode": reading.key_value("deploymentMode")})


def roles_of(reading: Reading) -> tuple[Role, ...]:
    """Return the roles of the stack file's mode."""
    return _settings(reading).roles


def writer_of(reading: Reading) -> Role:
    """Return the role that holds lines until they are flushed to the object store."""
    return _settings(reading).writer


def has_gateway(reading: Reading) -> bool:
    """Return whether the chart runs a gateway today: with `replicas: 0` it has no pods."""
    return reading.value("gateway.enabled") is not False and reading.value("gateway.replicas") != 0


def mode(reading: Reading, config: LokiConfig) -> None:
    """Take the mode and each role's number of pods over."""
    name = str(reading.value("deploymentMode"))
    if known_mode := _MODES.get(name):
        _take(reading, name, known_mode)
    else:
        near = nearest(name, _MODES) or chart.MODES["simple-scalable"]
        text = f"not a mode of the chart, which then renders no Loki: did you mean {near}? The stack file has that"
        reading.not_taken("deploymentMode", text, decide=True)
        reading.write("deploymentMode", _MODES[near])
    for role in roles_of(reading):
        _replicas(reading, role)
    _zones(reading)
    _replication(reading, config)


def _take(reading: Reading, name: str, known_mode: str) -> None:
    reading.write("deploymentMode", known_mode)
    if "<->" in name:
        text = f"a move between two modes: finish it first; the stack file has its target, {known_mode}"
        reading.translated("deploymentMode", text, key="deploymentMode", decide=True)
    elif reading.has("deploymentMode"):
        reading.understood("deploymentMode", "deploymentMode")
    else:
        reading.missing(
            "deploymentMode", f"not set: the chart's default in this version is {name}", key="deploymentMode"
        )


def _replicas(reading: Reading, role: Role) -> None:
    key, target = role.row.chart_key, f"replicas.{role.key}"
    path = f"{key}.replicas"
    if role.row.has_switch and _is_off(reading, key):
        reading.write(target, 1)
        for each in (f"{key}.enabled", path):
            reading.translated(each, "the chart runs none, logstack runs one", key=target)
        return
    count = reading.value(path)
    scaled = next(
        (each for each in ("autoscaling", "kedaAutoscaling") if reading.value(f"{key}.{each}.enabled") is True), None
    )
    if scaled:
        count = reading.value(f"{key}.{scaled}.minReplicas") or count
        if scaled == "kedaAutoscaling" or not role.row.has_autoscaling:
            text = f"logstack has no such scaling; the stack file has its minimum: {count}"
            reading.not_taken(f"{key}.{scaled}", text, decide=True)
    if isinstance(count, int) and count > 0:
        reading.write(target, count)
        reading.understood(path, target)
        if roles_of(reading) == (role,) and count == _PAIR_PODS:
            reading.write("acknowledge", [PAIR.name])
            reading.missing(path, "as today, losing either pod stops writes or queries", key="acknowledge")
        if not reading.has(path):
            reading.missing(path, f"not set: the chart's default is {count}", key=target)
    elif reading.has(path):
        usual = _settings(reading).replica_count(role)
        reading.not_taken(path, f"the mode needs {role} pods: {usual} by default", decide=True)
    else:
        reading.missing(path, "not set: the chart runs none, logstack runs one", key=target)
        reading.write(target, 1)


def _is_off(reading: Reading, key: str) -> bool:
    return reading.value(f"{key}.enabled") is False or at(reading.values, (key, "replicas")) == 0


def _zones(reading: Reading) -> None:
    """Report zone-aware ingesters: the chart's default creates one StatefulSet for each of three zones."""
    zones = "ingester.zoneAwareReplication"
    if "zoneAwareReplication" not in writer_of(reading).row.chart_values:
        return
    if reading.value(f"{zones}.enabled") is False:
        reading.understood(f"{zones}.enabled", text="one StatefulSet of ingesters")
        reading.translated(zones, "off: without effect")
        return
    text = "ingesters run in three StatefulSets, one per zone; logstack runs one, loki-ingester, with new volumes"
    if reading.has(zones):
        reading.not_taken(zones, text, decide=True)
    else:
        reading.missing(zones, f"not set: the chart's default is on. {text}", decide=True)
    reading.side_by_side.append("its ingesters run in three zones, and their volumes have different names")


def other_roles(reading: Reading) -> None:
    """Report values of roles that other modes run."""
    for role in Role:
        if role not in roles_of(reading):
            # A role with a switch runs inside other pods in the other modes, which use its values too.
            group = f"{role.row.chart_key}.replicas" if role.row.has_switch else role.row.chart_key
            reading.translated(group, _OTHER_MODE)
    for key in _EXPERIMENTAL:
        if reading.value("deploymentMode") in _WITH_EXPERIMENTAL and reading.value(f"{key}.replicas"):
            reading.not_taken(key, "experimental in Loki, and not supported by logstack", decide=True)
        else:
            reading.translated(key, "experimental in Loki, and off in logstack too")


def _replication(reading: Reading, config: LokiConfig) -> None:
    for path in ("common.replication_factor", "ingester.lifecycler.ring.replication_factor"):
        value = config.value(path)
        if isinstance(value, int):
            reading.write("replicationFactor", value)
            reading.understood(config.where(path), "replicationFactor")
    if reading.key_value("replicationFactor") is None:
        value = reading.value("loki.commonConfig.replication_factor")
        reading.write("replicationFactor", value)
        text = f"not set: the chart's default is {value}"
        reading.missing("loki.commonConfig.replication_factor", text, key="replicationFactor")
