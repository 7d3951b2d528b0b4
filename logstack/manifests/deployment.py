"""The whole deployment as data: what `pulumi up` registers, and what the plan, `render` and the tests read."""

from logstack.manifests.alloy.resources import alloy, collector_sizes
from logstack.manifests.canary.resources import canary, found_by
from logstack.manifests.cluster.resources import cluster
from logstack.manifests.grafana.resources import grafana
from logstack.manifests.loki.addresses import query_address
from logstack.manifests.loki.intake import intake
from logstack.manifests.loki.resources import loki
from logstack.manifests.manifest import ComponentTree
from logstack.manifests.pods import pod_options
from logstack.manifests.stores.kinds import store_access
from logstack.manifests.stores.resources import object_store
from logstack.settings.tree import Settings


def deployment(settings: Settings) -> tuple[ComponentTree, ...]:
    """Return the components of a stack in the order of their dependencies. To add a component, add a row."""
    # Values that a row needs besides its own group of settings.
    target, former = settings.cluster, settings.former_object_store
    access = store_access(settings.object_store, target, former)
    queries, pushes = query_address(settings, target), intake(settings, target)
    password = pushes.credentials_secret
    canary_lines = found_by(settings.canary, settings.collector, settings.canary_tenant, password)
    sizes, size = collector_sizes(settings), settings.resources_of
    options = pod_options(settings)

    base = cluster("cluster", target)
    store = object_store("store", settings.object_store, size("object-store"), target, former, options=options)
    return (
        base,
        store.after(base),
        loki("loki", settings, access, target, settings.charts.loki, options=options).after(store, base),
        alloy(
            "alloy",
            settings.collector,
            pushes,
            sizes,
            target,
            settings.charts.alloy,
            passed_on=settings.alloy,
            options=options,
        ).after(base),
        canary("canary", settings.canary, queries, size("canary"), target, canary_lines, options=options).after(base),
        grafana(
            "grafana", settings.grafana, queries, target, settings.tenant_names, with_password=bool(password)
        ).after(base),
    )
