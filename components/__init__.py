"""The Pulumi components: one ComponentResource a file, for the manifests that `logstack.manifests` builds.

The repository imports these files as `components`, an installed program as `logstack.components`.
"""

import sys

from .alloy import Alloy
from .base import Component, register
from .canary import Canary
from .cluster import Cluster
from .config import checked, load_settings
from .ending import each_problem_shown_once
from .grafana import GrafanaDatasource
from .guards import (
    stop_before_grafana_refuses_the_datasource,
    stop_before_harm,
    stop_before_lines_are_lost,
    stop_in_wrong_account,
    stop_without_bucket,
    stop_without_cluster,
    stop_without_needs,
)
from .log_stack import LogStack, addresses
from .loki import Loki
from .object_store import Credentials, ObjectStore

__all__ = [
    "Alloy",
    "Canary",
    "Cluster",
    "Component",
    "Credentials",
    "GrafanaDatasource",
    "LogStack",
    "Loki",
    "ObjectStore",
    "addresses",
    "checked",
    "each_problem_shown_once",
    "load_settings",
    "register",
    "stop_before_grafana_refuses_the_datasource",
    "stop_before_harm",
    "stop_before_lines_are_lost",
    "stop_in_wrong_account",
    "stop_without_bucket",
    "stop_without_cluster",
    "stop_without_needs",
]

_OTHER_NAME = {"components": "logstack.components", "logstack.components": "components"}[__name__]
if getattr(sys.modules.get(_OTHER_NAME), "__file__", None) == __file__:
    # Two classes of one component would not know each other: isinstance and `Component.__subclasses__` would fail.
    raise ImportError(f"these components are already imported as `{_OTHER_NAME}`: import them by one name only")
