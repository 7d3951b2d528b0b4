"""The whole stack as data: the parts that `__main__` registers, for the plan and the tests, without Pulumi."""

from components.alloy.resources import alloy, collector_sizes
from components.canary.resources import canary, found_by
from components.cluster.resources import cluster
from components.declaration import Part
from components.grafana.resources import grafana
from components.loki.addresses import gateway_url
from components.loki.intake import intake
from components.loki.resources import loki
from components.object_store.access import store_access
from components.object_store.resources import object_store
from settings.tree import Settings


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
