"""The running ring's label: pods that are taken over in place share the ring with the old ones during the rollout."""

from logstack.adopt.loki_config import LokiConfig
from logstack.adopt.reading import Reading
from logstack.manifests.loki.ring import LABEL_KEY, UNVERIFIED_KEY, RingLabel, ring_label
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.tree import Settings

_KEY = "cluster.ringLabel"


def ring(reading: Reading, config: LokiConfig, settings: Settings) -> None:
    """Write the first stage of the ring label where old and new pods would refuse each other."""
    label = config.value(f"memberlist.{LABEL_KEY}")
    is_verified = config.value(f"memberlist.{UNVERIFIED_KEY}") is not True
    running = RingLabel(str(label or ""), is_verified=is_verified)
    pods = sum(settings.replica_count(role) for role in settings.roles)
    if reading.side_by_side or pods == 1 or running.can_share_a_ring(_ring(reading, settings)):
        return
    if running.label and running.is_verified:
        reading.side_by_side.append(f"its ring has the label {running.label}, and refuses logstack's pods")
        return
    reading.write(_KEY, "sent" if not running.is_verified else "tolerated")
    reading.missing(
        "(the ring label)",
        "the running ring has none of logstack's: the stack file has the first of its stages "
        "(docs/how-to/label-the-ring.md)",
        key=_KEY,
    )


def _ring(reading: Reading, settings: Settings) -> RingLabel:
    names = {"name": reading.key_value("cluster.name"), "namespace": reading.key_value("cluster.namespace")}
    stated = {key: value for key, value in names.items() if isinstance(value, str)}
    return ring_label(ClusterSettings.model_validate({"context": "adopted", "name": settings.cluster.name, **stated}))
