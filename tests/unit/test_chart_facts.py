"""Facts about a chart are in its module: no other module writes its keys or the names of its objects."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from logstack.manifests.loki import chart
from tests.support.stacks import ROOT

MODULE = "logstack/manifests/loki/chart.py"
# Other modules that write such a key, and why.
EXCEPTIONS = {
    "logstack/adopt/chart.py": "keys that replaced removed ones",
    "logstack/adopt/earlier_charts.py": "what earlier charts did, in the words of this one",
    "logstack/adopt/vocabulary.py": "every key that any version of the chart reads",
    "logstack/diff/rules/security.py": "Grafana has the same key",
    "logstack/settings/passthrough/ownership.py": "which key of a stack file decides a value, for the checks",
    "logstack/manifests/grafana/resources.py": "Grafana calls the password of a data source as the chart does its own",
}
KEYS = {
    *chart.MODES.values(),
    *chart.EXPERIMENTAL,
    *chart.Snippet,
    *(text for cache in chart.CACHES for text in (cache.key, cache.component)),
    *(chart.NGINX_KEY, chart.BODY_LIMIT_KEY, chart.BASIC_AUTH_KEY, chart.CACHE_MEMORY_KEY, chart.CONFIG_HASH_KEY),
    chart.MEMBERLIST,
}


def chart_names(path: Path) -> Iterator[str]:
    """Yield the chart's keys and names in the texts of a module, except in docstrings."""
    tree = ast.parse(path.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield from KEYS.intersection(re.split(r"[ .|*,;:]", node.value))


def test_only_the_charts_module_writes_its_keys() -> None:
    modules = [*(ROOT / "logstack").rglob("*.py"), *(ROOT / "components").rglob("*.py"), ROOT / "__main__.py"]
    writers = {str(path.relative_to(ROOT)) for path in modules if any(chart_names(path))}
    assert writers == {MODULE, *EXCEPTIONS}
