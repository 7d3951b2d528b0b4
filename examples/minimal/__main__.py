"""A log platform with one Loki on one volume; your program may have other resources beside it."""

import pulumi

from logstack import ClusterSettings, FilesystemStore, Settings
from logstack.components import Alloy, Cluster, Loki, ObjectStore, checked

target = ClusterSettings(name="dev", context="kind-dev", api_server="https://127.0.0.1:6443", single_node=True)
disk = FilesystemStore(kind="filesystem")
settings = checked(Settings(cluster=target, object_store=disk, deployment_mode="monolithic", replication_factor=1))

cluster = Cluster("cluster", settings.cluster)
store = ObjectStore("store", settings.object_store, cluster)
loki = Loki("loki", settings, store, cluster)
Alloy("alloy", settings.collector, loki.intake, cluster)
pulumi.export("pushUrl", loki.intake.push_url)
