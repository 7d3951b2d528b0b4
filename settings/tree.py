"""The whole of what a stack file says."""

from settings.charts import Charts
from settings.cluster import ClusterSettings
from settings.collector import CanarySettings, CollectorSettings
from settings.grafana import GrafanaSettings
from settings.loki import LokiSettings
from settings.object_store import FormerObjectStore, ObjectStoreSettings


class Settings(LokiSettings):
    """A stack: Loki's decisions at the top, the other parts in groups of their own."""

    cluster: ClusterSettings
    object_store: ObjectStoreSettings
    """Where chunks, index and rules are kept."""
    former_object_store: FormerObjectStore | None = None
    collector: CollectorSettings = CollectorSettings()
    canary: CanarySettings = CanarySettings()
    grafana: GrafanaSettings = GrafanaSettings()
    charts: Charts = Charts()
    acknowledge: tuple[str, ...] = ()
    """Names of warnings that this stack accepts."""
