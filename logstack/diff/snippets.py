"""The gateway's nginx snippets, which several concerns write: access, delete requests, and the Services' addresses."""

from fnmatch import fnmatchcase

from logstack.diff.changes import Change
from logstack.diff.rule import Sides, Unit, When
from logstack.manifests.loki.chart import SNIPPETS
from logstack.manifests.loki.gateway import Concern


def _is_snippet(change: Change) -> bool:
    return fnmatchcase(change.path, SNIPPETS)


def _lines_differ(concern: Concern, change: Change, sides: Sides) -> bool:
    """Whether a snippet differs in the lines of the concern; False if a side does not separate the concerns."""
    before, after = sides.before.nginx, sides.after.nginx
    if before is None or after is None:
        return False
    snippet = change.path.rpartition(".")[2]
    return before.get(concern, {}).get(snippet) != after.get(concern, {}).get(snippet)


def _access_differs(change: Change, _unit: Unit, sides: Sides) -> bool:
    """Unless a change is only about other concerns, it may let somebody in."""
    others = (Concern.DELETE_REQUESTS, Concern.SERVICES)
    return (
        not _is_snippet(change)
        or _lines_differ(Concern.ACCESS, change, sides)
        or not any(_lines_differ(concern, change, sides) for concern in others)
    )


def _leader_differs(change: Change, _unit: Unit, sides: Sides) -> bool:
    return not _is_snippet(change) or _lines_differ(Concern.DELETE_REQUESTS, change, sides)


def _services_differ(change: Change, _unit: Unit, sides: Sides) -> bool:
    return _lines_differ(Concern.SERVICES, change, sides)


ACCESS_DIFFERS = When(
    "differs; a snippet in more than delete requests and Services, or if an older revision does not separate these",
    _access_differs,
)
SERVICES_DIFFER = When("a snippet differs in the Services that nginx looks up", _services_differ)
LEADER_DIFFERS = When("differs; a snippet in the routing of delete requests", _leader_differs)
