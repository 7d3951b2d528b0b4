"""The program: read the stack, refuse what would do harm, register the deployment, export its addresses."""

import pulumi

from components import (
    Credentials,
    load_settings,
    register,
    stop_before_grafana_refuses_the_datasource,
    stop_before_lines_are_lost,
    stop_in_wrong_account,
    stop_without_cluster,
    stop_without_needs,
)
from logstack.manifests.deployment import deployment
from logstack.manifests.loki.addresses import gateway_url, push_url

settings = load_settings()
components = deployment(settings)
stop_in_wrong_account(settings.object_store)
server = stop_without_cluster(settings.cluster)
stop_without_needs(settings, components, server)
stop_before_lines_are_lost(settings)
stop_before_grafana_refuses_the_datasource(settings, components)

credentials = Credentials.from_config()
register(components, credentials.secrets if credentials else {})

gateway = gateway_url(settings.cluster)
pulumi.export("gatewayUrl", gateway)
pulumi.export("pushUrl", push_url(settings.cluster))
pulumi.export("queryUrl", f"{gateway}/loki/api/v1")
pulumi.export("datasourceUid", settings.grafana.uid)
