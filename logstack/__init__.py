"""The settings of a log platform, for your own Pulumi program; the components are in `logstack.components`.

    from logstack import Settings
    from logstack.components import Cluster, Credentials, Loki, ObjectStore, load_settings

    settings = load_settings()
    cluster = Cluster("cluster", settings.cluster)
    store = ObjectStore("store", settings.object_store, cluster, credentials=Credentials.from_config())
    loki = Loki("loki", settings, store, cluster)

Settings come from the stack file (`load_settings`) or from Python (`checked`); both ways run the same checks. Each
component takes typed settings and the components that it needs, and starts the names of its resources with its own: any
number of them stand in one program. In Kubernetes a namespace has one Loki, and a cluster has one Alloy, whose
ClusterRole and state on the nodes have no namespace.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logstack.api import *  # noqa: F403
else:

    def __getattr__(name: str) -> object:
        """Load a name of logstack.api when it is first asked for: the command line needs few of them."""
        api = import_module("logstack.api")
        if name not in api.__all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(api, name)
        return value
