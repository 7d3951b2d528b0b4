"""The program: read the stack, refuse what would do harm, register the deployment, export its addresses."""

import pulumi

from components import (
    Credentials,
    each_problem_shown_once,
    load_settings,
    register,
    stop_before_grafana_refuses_the_datasource,
    stop_before_lines_are_lost,
    stop_in_wrong_account,
    stop_without_cluster,
    stop_without_needs,
)
from logstack.manifests.deployment import deployment
from logstack.manifests.loki.addresses import push_url, query_address

with each_problem_shown_once():
    settings = load_settings()
    components = deployment(settings)
    stop_in_wrong_account(settings.object_store)
    server = stop_without_cluster(settings.cluster)
    stop_without_needs(settings, components, server)
    stop_before_lines_are_lost(settings)
    stop_before_grafana_refuses_the_datasource(settings, components)

    credentials = Credentials.from_config()
    register(components, credentials.secrets if credentials else {})

    queries = query_address(settings, settings.cluster)
    if settings.gateway.enabled:
        pulumi.export("gatewayUrl", queries)
    pulumi.export("pushUrl", push_url(settings, settings.cluster))
    pulumi.export("queryUrl", f"{queries}/loki/api/v1")
    pulumi.export("datasourceUid", settings.grafana.uid)
