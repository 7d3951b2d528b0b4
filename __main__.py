"""The program: settings, the six parts, and what they are reached by. Each part decides nothing here."""

import pulumi

from components.alloy import Alloy
from components.canary import Canary
from components.cluster import Cluster
from components.grafana import GrafanaDatasource
from components.loki import Loki
from components.object_store import Credentials, ObjectStore
from logstack.manifests.alloy.resources import collector_sizes
from logstack.manifests.canary.resources import found_by
from logstack.preflight.api_server import stop_without_cluster
from logstack.preflight.aws_account import stop_in_wrong_account
from logstack.preflight.data_loss import stop_before_lines_are_lost
from logstack.settings.load.loader import load_settings

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
