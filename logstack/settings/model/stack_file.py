"""The keys of a stack file, before logstack derives others from them."""

from logstack.settings.model.bounds import Ingest, ShortText
from logstack.settings.model.charts import Charts
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CanarySettings, CollectorSettings
from logstack.settings.model.grafana import GrafanaSettings
from logstack.settings.model.images import Images
from logstack.settings.model.loki import LokiSettings
from logstack.settings.model.metadata import MetadataSettings
from logstack.settings.model.object_store import FormerObjectStore, ObjectStoreSettings
from logstack.settings.model.passthrough import AlloyPassthrough
from logstack.settings.model.retention import Periods
from logstack.settings.model.scheduling import SchedulingSettings


class StackKeys(LokiSettings):
    """A stack: Loki's settings at the top, the other components in groups of their own."""

    ingest: Ingest | None = None
    """The average amount of lines. logstack derives the replicas, sizes, volumes, caches and limits that the stack file
    does not set from it, by one table (docs/reference/sizing.md). Without it logstack derives nothing."""
    cluster: ClusterSettings
    object_store: ObjectStoreSettings
    """The store of chunks, index and rules."""
    former_object_store: FormerObjectStore | None = None
    collector: CollectorSettings = CollectorSettings()
    alloy: AlloyPassthrough = AlloyPassthrough()
    canary: CanarySettings = CanarySettings()
    grafana: GrafanaSettings = GrafanaSettings()
    charts: Charts = Charts()
    images: Images = Images()
    scheduling: SchedulingSettings = SchedulingSettings()
    metadata: MetadataSettings = MetadataSettings()
    acknowledge: tuple[ShortText, ...] = ()
    """Names of warnings that this stack accepts."""

    @property
    def retention_periods(self) -> Periods:
        """Return shares of the lines and their retention: all for the longest, as a rule's share is unknown."""
        return ((1.0, self.longest_retention),)


class StackFile(StackKeys):
    """The keys that a stack file states; each other key has its default."""
