"""The whole stack as data: the parts that `__main__` registers, for the plan and the tests, without Pulumi."""

from logstack.manifests.alloy.resources import alloy, collector_sizes
from logstack.manifests.canary.resources import canary, found_by
from logstack.manifests.cluster.resources import cluster
from logstack.manifests.declaration import Part
from logstack.manifests.grafana.resources import grafana
from logstack.manifests.loki.addresses import gateway_url
from logstack.manifests.loki.intake import intake
from logstack.manifests.loki.resources import loki
from logstack.manifests.stores.kinds import store_access
from logstack.manifests.stores.resources import object_store
from logstack.settings.model.tree import Settings


def platform(settings: Settings) -> tuple[Part, ...]:
    """The parts in the order of `__main__`; a test holds the two equal."""
    place = settings.cluster
    gateway = gateway_url(place)
    access = store_access(settings.object_store, place, settings.former_object_store)
    to = intake(settings, place)
    found = found_by(settings.canary, settings.collector, settings.canary_tenant, to.credentials_secret)
    return (
        cluster("cluster", place),
        object_store(
            "store",
            settings.object_store,
            settings.resources_of("object-store"),
            place,
            settings.former_object_store,
        ),
        loki("loki", settings, access, place, settings.charts.loki),
        alloy(
            "alloy",
            settings.collector,
            to,
            collector_sizes(settings),
            place,
            settings.charts.alloy,
        ),
        canary("canary", settings.canary, gateway, settings.resources_of("canary"), place, found),
        grafana(
            "grafana",
            settings.grafana,
            gateway,
            place,
            settings.tenant_names,
            with_password=bool(to.credentials_secret),
        ),
    )
