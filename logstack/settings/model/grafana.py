"""The datasource that Grafana's sidecar picks up."""

from typing import Annotated

from logstack.settings.model.base import DnsLabel, Group, spelled
from logstack.settings.model.bounds import LabelKey, LabelValue, PatternText, ShortText
from logstack.settings.model.ranges import Switch


class TraceLinks(Group):
    """A link from a line's trace id to a tracing datasource."""

    datasource_uid: ShortText
    """The tracing datasource's uid in Grafana."""
    pattern: PatternText = r'(?:trace_?id|traceID)["=: ]+"?(\w+)'
    """A regular expression whose first group is the trace id."""


class GrafanaSettings(Group):
    """A ConfigMap that Grafana's datasource sidecar reads."""

    enabled: Switch = True
    """Create the ConfigMap of the datasource."""
    namespace: DnsLabel | None = None
    """Grafana's namespace; without it the stack's own."""
    name: ShortText = "Loki"
    """The datasource's name in Grafana."""
    uid: Annotated[str, spelled(r"^[a-zA-Z0-9_-]{1,40}$", "letters, digits, _ and -, at most 40")] = "loki"
    """The datasource's uid: stable, so that dashboards and links keep working."""
    recreate: Switch = False
    """Delete the datasources of these names before they are created: for the one update that changes a uid, because
    Grafana cannot change the uid of a datasource (grafana/grafana#110740)."""
    sidecar_label: LabelKey = "grafana_datasource"
    """The label that Grafana's sidecar looks for (kube-prometheus-stack: grafana_datasource)."""
    sidecar_label_value: LabelValue = "1"
    """The label's value."""
    trace_links: TraceLinks | None = None
    """Links from lines to traces."""
