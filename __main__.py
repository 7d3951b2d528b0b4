"""The program: settings, the six parts, and what they are reached by. Each part decides nothing here."""

import pulumi

from components import (
    Alloy,
    Canary,
    Cluster,
    Credentials,
    GrafanaDatasource,
    Loki,
    ObjectStore,
    load_settings,
    stop_before_lines_are_lost,
    stop_in_wrong_account,
    stop_without_cluster,
)
from logstack import collector_sizes, found_by

settings = load_settings()
stop_in_wrong_account(settings.object_store)
stop_without_cluster(settings.cluster)
stop_before_lines_are_lost(settings)

cluster = Cluster("cluster", settings.cluster)
store = ObjectStore(
    "store",
    settings.object_store,
    cluster,
    credentials=Credentials.from_config(),
    former=settings.former_object_store,
    size=settings.resources_of("object-store"),
)
loki = Loki("loki", settings, store, cluster, chart=settings.charts.loki)
alloy = Alloy(
    "alloy",
    settings.collector,
    loki.intake,
    cluster,
    chart=settings.charts.alloy,
    sizes=collector_sizes(settings),
)
canary = Canary(
    "canary",
    settings.canary,
    loki.gateway_url,
    cluster,
    found=found_by(settings.canary, settings.collector, loki.canary_tenant, loki.credentials_secret),
    size=settings.resources_of("canary"),
)
grafana = GrafanaDatasource(
    "grafana",
    settings.grafana,
    loki.gateway_url,
    cluster,
    tenants=settings.tenant_names,
    with_password=bool(loki.credentials_secret),
)

pulumi.export("gatewayUrl", loki.gateway_url)
pulumi.export("pushUrl", loki.intake.push_url)
pulumi.export("queryUrl", f"{loki.gateway_url}/loki/api/v1")
pulumi.export("datasourceUid", grafana.uid)
