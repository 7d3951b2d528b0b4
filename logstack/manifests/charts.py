"""A Helm chart as a manifest: the one place that knows where a pinned chart comes from."""

from logstack.manifests.manifest import Json, Manifest
from logstack.settings.model.charts import PINNED, ChartSource

CHART = "kubernetes:helm.sh/v4:Chart"


def chart(
    pinned: str,
    source: ChartSource,
    namespace: str,
    values: dict[str, Json],
    *,
    name: str,
    skip_await: bool,
    after: tuple[str, ...],
    release: str | None = None,
) -> Manifest:
    """The chart `pinned` in settings.charts.PINNED, from its repository, an OCI mirror or a folder.

    `name` is the logical name. The release's name is the chart's if no other is given: the objects' names follow from
    it.
    """
    pin = PINNED[pinned]
    inputs: dict[str, Json] = {"name": release or pinned, "namespace": namespace, "values": values, "skipCrds": True}
    repository = source.repository or pin.repository
    if source.path:
        inputs["chart"] = source.path
    else:
        inputs["version"] = source.version or pin.version
        if repository.startswith("oci://"):
            inputs["chart"] = f"{repository.rstrip('/')}/{pin.name}"
        else:
            inputs |= {"chart": pin.name, "repositoryOpts": {"repo": repository}}
    if skip_await:
        inputs["skipAwait"] = True
    return Manifest(CHART, name, inputs, depends_on=after)
