"""The gateway's nginx snippets, which two parts write: whom it lets in, and which pod gets delete requests."""

from logstack.diff.changes import Change
from logstack.diff.rule import Sides, Unit, When
from logstack.manifests.loki.leader import AT_LEADER

# In a location of the leader's too it says whose a request is.
_WHOSE = "X-Scope-OrgID"


def _parts(snippet: str | None) -> tuple[list[str], list[str]]:
    """The lines about who is let in, and those about the pod that compacts."""
    access: list[str] = []
    leader: list[str] = []
    in_location = False
    for line in (snippet or "").splitlines():
        about = leader if (in_location or AT_LEADER in line) and _WHOSE not in line else access
        about.append(line)
        if AT_LEADER in line:
            in_location = line.endswith("{")
        elif line == "}":
            in_location = False
    return access, leader


def _differs(part: int, words: str) -> When:
    """Whether one of the two parts of a snippet differs; what is no snippet does."""

    def holds(change: Change, _unit: Unit, _sides: Sides) -> bool:
        return ".nginxConfig." not in change.path or _parts(change.before)[part] != _parts(change.after)[part]

    return When(f"differs, a snippet in {words}", holds)


ACCESS_DIFFERS = _differs(0, "more than the place of delete requests")
LEADER_DIFFERS = _differs(1, "the place of delete requests")
