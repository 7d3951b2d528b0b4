"""The floors of the code: imports point into a module's own folder or to lower floors; Pulumi stays in components/."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stacks import ROOT

# From the top; modules of one floor do not import each other.
FLOORS = (
    ("docsgen",),  # a page lists the commands
    ("__init__", "__main__", "api", "cli"),
    ("adopt", "ci", "localrun", "migrate"),
    ("diff",),
    ("plan",),
    ("render",),
    ("preflight",),
    ("manifests",),
    ("binaries", "text"),
    ("settings",),
)
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}
# `import logstack` loads logstack.api; the program starts at logstack.cli.
ENTRANCES = {("__init__", "api"), ("__main__", "cli")}
# What a component may import: it registers manifests, after checks of the cluster and AWS.
BELOW_COMPONENTS = {"manifests", "preflight", "settings"}


def imported_modules(source: str) -> Iterator[str]:
    """Yield the names of all modules that a source imports anywhere; a relative name begins with its dots."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def violations(file: Path, source: str) -> list[str]:
    """Return the imports that a file of logstack/ or components/ must not have."""
    package, *inner = file.with_suffix("").parts
    return [name for name in imported_modules(source) if not _is_allowed(package, inner[0], name)]


def _is_allowed(package: str, own: str, name: str) -> bool:
    top, _, inside = name.partition(".")
    module = inside.split(".")[0]
    match package, top:
        case "components", "logstack":
            return module in BELOW_COMPONENTS
        case "components", "":  # a relative import: one dot is a sibling
            return not inside.startswith(".")
        case "logstack", "logstack":
            is_lower = FLOOR.get(module, -1) > FLOOR[own]
            return is_lower or module == own or (own, module) in ENTRANCES
        case "logstack", "":
            return False
    return top not in {"components", "tests"} and (package == "components" or not top.startswith("pulumi"))


@pytest.mark.parametrize("folder", ["logstack", "components"])
def test_every_import_points_down(folder: str) -> None:
    files = [file.relative_to(ROOT) for file in (ROOT / folder).rglob("*.py")]
    assert len(files) > 8
    by_file = {str(file): violations(file, (ROOT / file).read_text()) for file in files}
    assert {file: names for file, names in by_file.items() if names} == {}


def test_every_module_of_logstack_has_a_floor() -> None:
    modules = {
        file.relative_to(ROOT / "logstack").with_suffix("").parts[0] for file in (ROOT / "logstack").rglob("*.py")
    }
    assert modules == FLOOR.keys()


def test_parts_of_the_settings_import_in_one_direction() -> None:
    order = ("model", "resolve", "tree", "checks", "load")
    folder = ROOT / "logstack" / "settings"
    for number, part in enumerate(order):
        for file in [*(folder / part).rglob("*.py"), *folder.glob(f"{part}.py")]:
            assert not [above for above in order[number + 1 :] if f"logstack.settings.{above}" in file.read_text()], (
                file
            )


WRONG_IMPORTS = [
    ("logstack/settings/tree.py", "from logstack.manifests.charts import CHART"),
    ("logstack/settings/pins.py", "from logstack import Settings"),
    ("logstack/manifests/charts.py", "def late():\n    import pulumi_kubernetes.core"),
    ("logstack/render/model.py", "from logstack.plan.model import plan"),
    ("logstack/adopt/command.py", "import logstack.migrate.edit"),
    ("logstack/text/words.py", "from logstack.binaries import catalog"),
    ("logstack/plan/model.py", "from components import Loki"),
    ("logstack/plan/model.py", "from .sizes import sizes"),
    ("logstack/plan/model.py", "from logstack.no_such_floor import x"),
    ("components/loki.py", "from logstack.plan.model import plan"),
    ("components/loki.py", "from components.base import Component"),
    ("components/loki.py", "from ..logstack import Settings"),
]


@pytest.mark.parametrize(("file", "source"), WRONG_IMPORTS)
def test_violations_reports_an_import_that_points_up_or_aside(file: str, source: str) -> None:
    assert len(violations(Path(file), source)) == 1
