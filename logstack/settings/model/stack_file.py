"""What a stack file states, before anything is derived from it."""

from logstack.settings.model.bounds import Ingest, ShortText
from logstack.settings.model.charts import Charts
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.model.collector import CanarySettings, CollectorSettings
from logstack.settings.model.grafana import GrafanaSettings
from logstack.settings.model.images import Images
from logstack.settings.model.loki import LokiSettings
from logstack.settings.model.metadata import MetadataSettings
from logstack.settings.model.object_store import FormerObjectStore, ObjectStoreSettings
from logstack.settings.model.scheduling import SchedulingSettings
from logstack.settings.resolve.storage import Periods


class StackKeys(LokiSettings):
    """A stack: Loki's decisions at the top, the other parts in groups of their own."""

    ingest: Ingest | None = None
    """Lines that come in, on average: replicas, sizes, volumes, caches and limits that are not written here follow from
    it by one table (docs/reference/sizing.md). Without it nothing is derived."""
    cluster: ClusterSettings
    object_store: ObjectStoreSettings
    """Where chunks, index and rules are kept."""
    former_object_store: FormerObjectStore | None = None
    collector: CollectorSettings = CollectorSettings()
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
        """Which share of the lines is kept for how long: nobody says a rule's share, so all for the longest period."""
        return ((1.0, self.longest_retention),)


class StackFile(StackKeys):
    """What is stated, each other key with its default."""
