"""What is known of a chart stands in its module: nobody else writes its keys or the names that it gives objects."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from logstack.manifests.loki import chart
from tests.support.stacks import ROOT

MODULE = "logstack/manifests/loki/chart.py"
# Modules that write such a key, and why.
NAMED = {
    "logstack/adopt/chart.py": "keys that took the place of those that have gone",
    "logstack/adopt/vocabulary.py": "every key that any version of the chart reads",
    "logstack/diff/rules/security.py": "the same key of Grafana's",
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


def facts(path: Path) -> Iterator[str]:
    """The chart's keys and names in a module's texts, but for docstrings."""
    tree = ast.parse(path.read_text())
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield from KEYS.intersection(re.split(r"[ .|*,;:]", node.value))


def test_only_the_charts_module_writes_its_keys() -> None:
    modules = [*(ROOT / "logstack").rglob("*.py"), *(ROOT / "components").rglob("*.py"), ROOT / "__main__.py"]
    naming = {str(path.relative_to(ROOT)) for path in modules if any(facts(path))}
    assert naming == {MODULE, *NAMED}
