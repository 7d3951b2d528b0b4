"""The stand-ins for the pinned charts: the same objects for every stack's values, and no value without an effect.

The tests of the engine and of a cluster use them on machines without the pinned charts. Where a machine has those, each
difference needs a reason here, and each reason a difference.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

from logstack.manifests.manifest import Json
from logstack.settings import pins
from logstack.settings.model.charts import PINNED
from tests.support.documents import differences
from tests.support.real import Document, chart_folder, helm_template, render_chart, standin
from tests.support.schemas import complaints
from tests.support.stacks import NAMES, chart_values, releases, settings_of

pytestmark = pytest.mark.real

KeyPath: TypeAlias = tuple[str | int, ...]
Values: TypeAlias = dict[str, Json]
RELEASES = [(stack, chart, release) for stack in NAMES for chart, release in releases(settings_of(stack))]
every_release = pytest.mark.parametrize(
    ("stack", "chart", "release"), RELEASES, ids=[f"{stack}-{release}" for stack, _, release in RELEASES]
)
RELOADER = f"quay.io/prometheus-operator/prometheus-config-reloader:v{pins.CONFIG_RELOADER_VERSION}"
every_chart = pytest.mark.parametrize("chart", PINNED)

# By a regular expression over the difference's whole path.
DIFFERENCES = {
    r".*\.labels\.helm\.sh/chart": "the label has the chart's version, which names the stand-in",
    r".*/loki(-(?!gateway)[a-z-]+)?\.spec\.template\.metadata\.annotations\.checksum/config": (
        "the pinned chart hashes a configuration that we do not use; ours has its own annotation"
    ),
    r"Deployment/loki-gateway\.spec\.template\.metadata\.annotations\.checksum/config": "hashes of two texts",
    r"ConfigMap/loki-gateway\.data\.nginx\.conf": "our own text; its routes are compared below",
    r"ConfigMap/loki-runtime\.data\.runtime-config\.yaml": "empty, with a line's end and without",
    r".*\.containers\.config-reloader\.image": "an image that is made from a local binary has no known digest",
}
# Values without an effect here, and in the pinned chart as we use it.
INERT: Mapping[KeyPath, str] = {
    ("loki", "auth_enabled"): "for the configuration and for the tenants of nginx, which are not the chart's here",
    ("loki", "commonConfig", "replication_factor"): "for the configuration, which is ours",
    **{
        ("loki", "schemaConfig", "configs", period, "from"): "the pinned chart wants to see a schema"
        for period in (0, 1)
    },
    ("loki", "storage", "bucketNames", "chunks"): "the pinned chart wants to see a bucket",
    ("loki", "storage", "bucketNames", "ruler"): "the pinned chart wants to see a bucket",
    ("loki", "storage", "type"): "for the configuration, which is ours: both take one bucket for another",
    ("ruler", "enabled"): "for the configuration, which is ours",
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("standins")


@cache
def objects_of(folder: Path, stack: str, chart: str, release: str, directory: Path) -> dict[str, Document]:
    """Return the objects that a chart renders for a stack, by kind and name."""
    settings = settings_of(stack)
    documents = render_chart(folder, settings.cluster.namespace, values_of(stack, chart, release), directory, release)
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in documents}


def values_of(stack: str, chart: str, release: str) -> Values:
    return chart_values(settings_of(stack), chart, release)


@every_chart
def test_standin_has_the_name_of_the_pinned_chart_and_describes_itself(chart: str) -> None:
    chart_yaml = yaml.safe_load((standin(chart) / "Chart.yaml").read_text())
    assert (chart_yaml["name"], chart_yaml["version"]) == (PINNED[chart].name, f"{PINNED[chart].version}-standin")
    assert chart_yaml["description"].startswith("A stand-in for tests.")


@every_release
def test_standin_objects_are_valid_in_every_field(stack: str, chart: str, release: str, directory: Path) -> None:
    objects = objects_of(standin(chart), stack, chart, release, directory)
    assert objects
    assert [problems for each in objects.values() if (problems := complaints(each))] == []


@every_release
def test_standin_objects_have_their_namespace(stack: str, chart: str, release: str, directory: Path) -> None:
    namespace = settings_of(stack).cluster.namespace
    for name, each in objects_of(standin(chart), stack, chart, release, directory).items():
        expected = None if name.startswith("Cluster") else namespace
        assert each["metadata"].get("namespace") == expected, name


# Beside the pinned charts.


@every_release
def test_standin_renders_the_objects_of_the_pinned_chart(stack: str, chart: str, release: str, directory: Path) -> None:
    pinned = objects_of(chart_folder(chart), stack, chart, release, directory)
    assert objects_of(standin(chart), stack, chart, release, directory).keys() == pinned.keys()


@every_release
def test_each_difference_from_the_pinned_chart_has_a_reason(
    stack: str, chart: str, release: str, directory: Path
) -> None:
    differing = different(stack, chart, release, directory)
    unexplained = {
        path: both for path, both in differing.items() if not any(re.fullmatch(each, path) for each in DIFFERENCES)
    }
    assert unexplained == {}, "the pinned chart's value, and the stand-in's"


def test_each_reason_has_a_difference(directory: Path) -> None:
    differing = {path for each in RELEASES for path in different(*each, directory)}
    assert [each for each in DIFFERENCES if not any(re.fullmatch(each, path) for path in differing)] == []


def different(stack: str, chart: str, release: str, directory: Path) -> dict[str, tuple[object, object]]:
    """Return every differing field; the order of named items and keys without a value do not count."""
    pinned, ours = (
        objects_of(folder, stack, chart, release, directory) for folder in (chart_folder(chart), standin(chart))
    )
    return differences(by_name(pinned), by_name(ours))


def by_name(value: Any) -> Any:
    """Turn lists of named items into mappings: the order of containers, volumes, ports and variables does not matter.

    Arguments have no names and stay in their order. `differences` leaves out keys without a value.
    """
    if isinstance(value, Mapping):
        return {key: by_name(item) for key, item in value.items() if item is not None}
    if not isinstance(value, list):
        return value
    for key in ("mountPath", "name"):  # a volume may be mounted twice, and its mounts have its name
        if value and all(isinstance(item, Mapping) and key in item for item in value):
            assert len({item[key] for item in value}) == len(value)
            return {item[key]: by_name(item) for item in value}
    return [by_name(item) for item in value]


@pytest.mark.parametrize("stack", NAMES)
def test_standin_nginx_routes_every_path_as_the_pinned_charts_does(stack: str, directory: Path) -> None:
    pinned, ours = (
        objects_of(folder, stack, "loki", "loki", directory)["ConfigMap/loki-gateway"]["data"]["nginx.conf"]
        for folder in (chart_folder("loki"), standin("loki"))
    )
    assert routes(ours) == routes(pinned)
    for directive in ("client_max_body_size", "resolver", "listen", "proxy_read_timeout", "proxy_http_version"):
        line = re.compile(rf"^\s*{directive}\s+(.*?);", re.MULTILINE)
        assert line.findall(ours) == line.findall(pinned)


def routes(config: str) -> dict[str, str]:
    """Return the address of Loki for each location, without those that nginx answers itself."""
    locations = re.findall(
        r"location (\S+ \S+) \{[^}]*?set \$\w+\s+\"?(http:[^\";]+)\"?;\s+proxy_pass", without_braces(config)
    )
    assert locations
    return dict(locations)


def without_braces(config: str) -> str:
    """Return the text without ${variables}, whose braces are no blocks."""
    return re.sub(r"\$\{\w+\}", "", config)


def test_standin_reloader_has_the_pinned_version(directory: Path) -> None:
    assert reloader(standin("alloy"), directory) == RELOADER


def test_pinned_chart_has_the_same_reloader(directory: Path) -> None:
    image, _, digest = reloader(chart_folder("alloy"), directory).partition("@")
    assert image == RELOADER
    assert digest.startswith("sha256:")


def reloader(folder: Path, directory: Path) -> str:
    objects = objects_of(folder, "production", "alloy", "alloy", directory)
    return str(
        by_name(objects["DaemonSet/alloy"])["spec"]["template"]["spec"]["containers"]["config-reloader"]["image"]
    )


# Every value has an effect.


@every_chart
def test_each_value_of_a_stack_has_an_effect_in_the_standin(chart: str, directory: Path) -> None:
    set_values = values_set(chart)
    inert = {key_path for key_path in set_values if decides_nothing(standin(chart), chart, key_path, directory)}
    assert inert == INERT.keys() & set_values.keys()


def test_value_without_an_effect_in_the_standin_has_none_in_the_pinned_chart(directory: Path) -> None:
    folder = chart_folder("loki")
    assert [key_path for key_path in INERT if not decides_nothing(folder, "loki", key_path, directory)] == []


@every_chart
def test_standin_refuses_or_uses_a_value_that_no_stack_sets(chart: str, directory: Path) -> None:
    set_values = values_set(chart)
    groups = {
        key_path[:end]: set_values[key_path][0]
        for key_path in set_values
        for end, key in enumerate(key_path)
        if isinstance(key, str)
    }
    in_vain = []
    for group, (stack, release, _) in groups.items():
        values = changed(values_of(stack, chart, release), (*group, "unheard"), "of")
        if answer(standin(chart), stack, release, values, directory) == shipped_answer(
            standin(chart), stack, chart, release, directory
        ):
            in_vain.append(group)
    assert in_vain == []


@cache
def values_set(chart: str) -> dict[KeyPath, list[tuple[str, str, Json]]]:
    """Return every value that stacks set in a chart: the stacks and releases that set it, each with its value."""
    set_values: dict[KeyPath, list[tuple[str, str, Json]]] = {}
    for stack, _, release in (each for each in RELEASES if each[1] == chart):
        for key_path, value in leaf_values(values_of(stack, chart, release)):
            set_values.setdefault(key_path, []).append((stack, release, value))
    return set_values


def leaf_values(value: Json, key_path: KeyPath = ()) -> Iterator[tuple[KeyPath, Json]]:
    """Yield every value that is no mapping and no list, with its path of keys."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaf_values(item, (*key_path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaf_values(item, (*key_path, number))
    else:
        yield key_path, value


def decides_nothing(folder: Path, chart: str, key_path: KeyPath, directory: Path) -> bool:
    """Return whether a chart renders the same with other values there: those of other stacks, and a new one."""
    set_values = values_set(chart)[key_path]
    stack, release, value = set_values[0]
    values = values_of(stack, chart, release)
    before = shipped_answer(folder, stack, chart, release, directory)
    new_values = [another(value), *(each for _, _, each in set_values if each != value)]
    answers = [
        answer(folder, stack, release, changed(values, key_path, new_value), directory) for new_value in new_values
    ]
    accepted = [each for each in answers if each]
    return bool(accepted) and all(each == before for each in accepted)


def another(value: Json) -> Json:
    """Return a new value of the same type; a text with a number gets another number."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    number = re.search(r"\d+", str(value))
    return f"{value}x" if not number else str(value).replace(number[0], str(int(number[0]) + 1), 1)


def changed(value: Any, key_path: KeyPath, new: Json) -> Any:
    """Return the values with another one at a path, which may be new in its mapping."""
    if not key_path:
        return new
    key, *below = key_path
    if isinstance(value, Mapping):
        return {**value, key: changed(value.get(key), tuple(below), new)}
    return [changed(item, tuple(below), new) if number == key else item for number, item in enumerate(value)]


@cache
def shipped_answer(folder: Path, stack: str, chart: str, release: str, directory: Path) -> str:
    rendered_text = answer(folder, stack, release, values_of(stack, chart, release), directory)
    assert rendered_text
    return rendered_text


def answer(folder: Path, stack: str, release: str, values: Values, directory: Path) -> str:
    """Return what helm renders with the values; nothing if it refuses them."""
    helm_answer = helm_template(folder, settings_of(stack).cluster.namespace, values, directory, release)
    return helm_answer.stdout if helm_answer.returncode == 0 else ""
