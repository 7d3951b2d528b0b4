"""The deployment mode, its roles' replicas, and the replication factor."""

from logstack.adopt.loki_config import LokiConfig
from logstack.adopt.reading import Reading
from logstack.manifests.loki import chart
from logstack.settings.model.loki import LokiSettings
from logstack.settings.model.roles import DeploymentMode, Role
from logstack.settings.problems import nearest

# What each of the modes of any version is here; one on its way to another is written as the one that it leads to.
_MODES: dict[str, DeploymentMode] = {
    **{name: mode for mode, name in chart.MODES.items()},
    "SingleBinary": "monolithic",
    "SingleBinary<->SimpleScalable": "simple-scalable",
    "Monolithic<->SimpleScalable": "simple-scalable",
    "SimpleScalable<->Distributed": "distributed",
}
_EXPERIMENTAL = (*chart.EXPERIMENTAL, "bloomCompactor", "patternIngester")
_WITH_EXPERIMENTAL = [name for name, mode in _MODES.items() if mode == "distributed"]
_OTHER_MODE = "the mode decides: pods of the other modes are none"


def _settings(reading: Reading) -> LokiSettings:
    return LokiSettings.model_validate({"deploymentMode": reading.written("deploymentMode")})


def roles_of(reading: Reading) -> tuple[Role, ...]:
    """The roles of the mode that the stack file has."""
    return _settings(reading).roles


def writer_of(reading: Reading) -> Role:
    """The role that holds lines until they are flushed."""
    return _settings(reading).writer


def mode(reading: Reading, config: LokiConfig) -> None:
    """The mode and how many pods of each role."""
    said = str(reading.value("deploymentMode"))
    if meant := _MODES.get(said):
        _take(reading, said, meant)
    else:
        near = nearest(said, _MODES) or chart.MODES["simple-scalable"]
        text = f"no mode of the chart, which renders a release without Loki: did you mean {near}? Written is that"
        reading.not_taken("deploymentMode", text, decide=True)
        reading.write("deploymentMode", _MODES[near])
    for role in roles_of(reading):
        _replicas(reading, role)
    _zones(reading)
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


def _replicas(reading: Reading, role: Role) -> None:
    key, target = role.row.chart_key, f"replicas.{role.key}"
    path = f"{key}.replicas"
    count = reading.value(path)
    scaled = next(
        (each for each in ("autoscaling", "kedaAutoscaling") if reading.value(f"{key}.{each}.enabled") is True), None
    )
    if scaled:
        count = reading.value(f"{key}.{scaled}.minReplicas") or count
        text = f"the number of pods is fixed here; written is the lowest of the scaling: {count}"
        reading.not_taken(f"{key}.{scaled}", text, decide=True)
    if isinstance(count, int) and count > 0:
        reading.write(target, count)
        reading.understood(path, target)
        if not reading.given(path):
            reading.unsaid(path, f"not set: the chart's default is {count}", key=target)
    elif reading.given(path):
        usual = _settings(reading).replica_count(role)
        reading.not_taken(path, f"the mode has no Loki without {role} pods: {usual} by default", decide=True)
    else:
        reading.unsaid(path, "not set: the chart runs none, logstack one", key=target)
        reading.write(target, 1)


def _zones(reading: Reading) -> None:
    """The chart's default makes a StatefulSet of ingesters for each of three zones."""
    zones = "ingester.zoneAwareReplication"
    if "zoneAwareReplication" not in writer_of(reading).row.chart_values:
        return
    if reading.value(f"{zones}.enabled") is False:
        reading.understood(f"{zones}.enabled", text="one StatefulSet of ingesters")
        reading.translated(zones, "off: without effect")
        return
    text = (
        "ingesters are three StatefulSets, one a zone; here they are one, called loki-ingester, with volumes of its own"
    )
    if reading.given(zones):
        reading.not_taken(zones, text, decide=True)
    else:
        reading.unsaid(zones, f"not set: the chart's default is on. {text}", decide=True)
    reading.side_by_side.append("its ingesters are of three zones, whose volumes have other names")


def other_roles(reading: Reading) -> None:
    """What is said of the roles of other modes."""
    for role in Role:
        # A role with a switch is a part of other pods in the other modes, where its values count as well.
        if role not in roles_of(reading) and not role.row.has_switch:
            reading.translated(role.row.chart_key, _OTHER_MODE)
    for key in _EXPERIMENTAL:
        if reading.value("deploymentMode") in _WITH_EXPERIMENTAL and reading.value(f"{key}.replicas"):
            reading.not_taken(key, "experimental in Loki, and no part of logstack", decide=True)
        else:
            reading.translated(key, "experimental in Loki, and off here as well")


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
