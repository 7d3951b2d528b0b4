"""For the moment: see config.py and place.py."""

__all__ = ["Place", "alloy_config"]

from components.alloy.config import node_config
from components.alloy.place import Place
from settings.cluster import ClusterSettings
from settings.collector import CollectorSettings


def alloy_config(collector: CollectorSettings, cluster: ClusterSettings, place: Place) -> str:
    """The nodes' config.alloy."""
    return node_config(collector, cluster, place, 256 * 1024)
