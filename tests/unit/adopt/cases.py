"""Values files that the tests adopt: what people write, in each of the forms in which it is handed over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from logstack.adopt.adoption import Adoption, Request, adopted
from logstack.adopt.documents import Release, read_release

FOLDER = Path(__file__).parent / "values"
TODAY = date(2026, 6, 1)
# No stack file of others is there, whose bucket could be the same.
NOWHERE = Path("/nonexistent")


@dataclass(frozen=True)
class Case:
    """A values file, and the version of the chart if it does not name it itself."""

    name: str
    version: str | None = None

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.yaml"

    def adopted(self) -> Adoption:
        """Its adoption."""
        return adopted(read_release([self.path]), Request("lab", self.version), NOWHERE, today=TODAY)


CASES = (
    Case("ssd-production-6.49", "6.49.0"),
    Case("ceph-single-binary-6.30", "6.30.1"),
    Case("longhorn-single-binary-6.49", "6.49.0"),
    Case("kept-for-ever-6.49", "6.49.0"),
    Case("tenants-18", "18.11.0"),
    Case("distributed-18", "18.11.0"),
    Case("flux-6"),
    Case("argo-18"),
)


def of(values: Mapping[str, object], version: str = "6.49.0", **wanted: object) -> Adoption:
    """The adoption of values that a test wrote down."""
    release = Release(values, name="loki", namespace="monitoring")
    return adopted(release, Request("lab", version, **wanted), NOWHERE, today=TODAY)  # type: ignore[arg-type]
