"""Values files that the tests adopt, in each form in which users pass them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from logstack.adopt.adoption import Adoption, Request, adopted
from logstack.adopt.documents import Release, read_release

FOLDER = Path(__file__).parent / "values"
TODAY = date(2026, 6, 1)
# A folder without stack files: none of them uses the same bucket.
NOWHERE = Path("/nonexistent")


@dataclass(frozen=True)
class Case:
    """A values file, and the chart version when the file does not name it."""

    name: str
    version: str | None = None

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.yaml"

    def adopt(self) -> Adoption:
        """Return the adoption of the values file."""
        return adopted(read_release([self.path]), Request("lab", self.version), NOWHERE, today=TODAY)


CASES = (
    Case("ssd-production-6.49", "6.49.0"),
    Case("ceph-single-binary-6.30", "6.30.1"),
    Case("longhorn-single-binary-6.49", "6.49.0"),
    Case("no-retention-6.49", "6.49.0"),
    Case("tenants-18", "18.11.0"),
    Case("distributed-18", "18.11.0"),
    Case("flux-6"),
    Case("argo-18"),
    Case("gke-18", "18.11.0"),
)


def adopt_values(values: Mapping[str, object], version: str = "6.49.0", **options: object) -> Adoption:
    """Return the adoption of values that a test writes down."""
    release = Release(values, name="loki", namespace="monitoring")
    return adopted(release, Request("lab", version, **options), NOWHERE, today=TODAY)  # type: ignore[arg-type]
