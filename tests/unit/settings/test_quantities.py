"""Quantities have the same value for people, for Loki and for Kubernetes."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstack.settings.model.quantities import (
    kubernetes_cpu,
    kubernetes_size,
    loki_duration,
    loki_size,
    parse_cpu,
    parse_duration,
    parse_ingest,
    parse_size,
    plain_duration,
    plain_ingest,
)

DURATIONS = st.integers(min_value=0, max_value=100 * 365 * 86400).map(lambda seconds: timedelta(seconds=seconds))
SIZES = st.one_of(
    st.integers(min_value=0, max_value=2**62), st.integers(min_value=0, max_value=2**32).map(lambda n: n * 2**30)
)
CPUS = st.integers(min_value=0, max_value=10**6)
ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()))


def go_duration(text: str) -> timedelta:
    """Parse hours, minutes and seconds as Go's time.ParseDuration does."""
    assert re.fullmatch(r"(\d+[hms])+", text)
    units = {"h": "hours", "m": "minutes", "s": "seconds"}
    return sum((timedelta(**{units[unit]: int(n)}) for n, unit in re.findall(r"(\d+)([hms])", text)), timedelta())


def kubernetes_quantity(text: str) -> Decimal:
    """Parse as Kubernetes' resource.ParseQuantity does: Ki, Mi, Gi, Ti are powers of 1024, m is a thousandth."""
    number, unit = re.fullmatch(r"(\d+)(m|[KMGT]i)?", text).groups()  # type: ignore[union-attr]
    factors = {None: "1", "m": "0.001", "Ki": str(2**10), "Mi": str(2**20), "Gi": str(2**30), "Ti": str(2**40)}
    return Decimal(number) * Decimal(factors[unit])


def loki_bytes(text: str) -> int:
    """Parse as Loki does (github.com/c2h5oh/datasize): KB, MB, GB and TB are powers of 1024."""
    number, unit = re.fullmatch(r"(\d+)([KMGT]?B)?", text).groups()  # type: ignore[union-attr]
    return int(number) * {None: 1, "B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}[unit]


@given(DURATIONS)
def test_duration_is_equal_for_people_and_for_loki(value: timedelta) -> None:
    assert parse_duration(plain_duration(value)) == value
    assert go_duration(loki_duration(value)) == value


@given(SIZES)
def test_size_is_equal_for_people_for_kubernetes_and_for_loki(value: int) -> None:
    assert parse_size(kubernetes_size(value)) == value
    assert kubernetes_quantity(kubernetes_size(value)) == value
    assert loki_bytes(loki_size(value)) == value


@given(CPUS)
def test_cpu_is_equal_for_people_and_for_kubernetes(value: int) -> None:
    assert parse_cpu(kubernetes_cpu(value)) == value
    assert kubernetes_quantity(kubernetes_cpu(value)) * 1000 == value


@given(st.lists(st.tuples(st.integers(min_value=0, max_value=10**3), st.sampled_from("smhdw")), min_size=1, max_size=4))
def test_duration_is_the_sum_of_its_units(amounts: list[tuple[int, str]]) -> None:
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    text = "".join(f"{number}{unit}" for number, unit in amounts)
    assert parse_duration(text) == timedelta(seconds=sum(number * seconds[unit] for number, unit in amounts))


@given(st.one_of(ANYTHING, st.from_regex(r"\A\d{1,400}(\.\d{1,400})?[a-zA-Z]{0,3}\Z")))
def test_parsers_return_a_quantity_or_raise_value_error(value: object) -> None:
    for parse in (parse_duration, parse_size, parse_cpu, parse_ingest):
        try:
            parsed = parse(value)
        except ValueError:
            continue
        assert isinstance(parsed, timedelta) or parsed >= 0


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10Gi", 10 * 2**30),
        ("10GiB", 10 * 2**30),
        ("110GB", 110 * 10**9),
        ("1.5Gi", 3 * 2**29),
        ("0.1Ti", 109951162777),
        ("256 Ki", 2**18),
        ("17B", 17),
        (1048576, 2**20),
        ("1048576", 2**20),
    ],
)
def test_parse_size_reads_every_unit(text: object, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["10G", "10i", "Gi", "-1", "1e3", "10gi", "", "1.Gi", True, None, 0.5j])
def test_parse_size_refuses_ambiguous_texts(text: object) -> None:
    with pytest.raises(ValueError, match="is not a size; write a number and a unit"):
        parse_size(text)


@pytest.mark.parametrize(("text", "cpu"), [("500m", 500), ("2", 2000), (2, 2000), (0.5, 500), ("0.125", 125)])
def test_parse_cpu_reads_cores_and_millicores(text: object, cpu: int) -> None:
    assert parse_cpu(text) == cpu


@pytest.mark.parametrize("text", ["", "5", "1y", "1.5h", "-1h", "1h ", "h", "1h30", "30 d"])
def test_parse_duration_refuses_texts_without_a_known_unit(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration; write a number and a unit"):
        parse_duration(text)


def test_parse_duration_refuses_more_than_100_years() -> None:
    assert parse_duration("36500d") == timedelta(days=36500)
    with pytest.raises(ValueError, match="longer than 100 years"):
        parse_duration("36501d")


def test_parse_duration_returns_a_timedelta_unchanged() -> None:
    assert parse_duration(timedelta(hours=1)) == timedelta(hours=1)


@given(st.integers(min_value=1, max_value=10**18 - 1))
def test_parse_ingest_reads_the_text_of_plain_ingest(daily: int) -> None:
    assert parse_ingest(plain_ingest(daily)) == daily


@pytest.mark.parametrize(
    ("text", "daily"),
    [
        ("110GB/day", 110 * 10**9),
        ("0.5GB/day", 5 * 10**8),
        ("1 GiB/day", 2**30),
        ("2GB/hour", 48 * 10**9),
        ("0.001GB/second", 86_400 * 10**6),
    ],
)
def test_parse_ingest_reads_every_unit(text: str, daily: int) -> None:
    assert parse_ingest(text) == daily


@pytest.mark.parametrize(
    "text", ["110GB", "110", "110Gi/day", "110MB/day", "110gb/day", "1TB/day", "1GB/d", "-1GB/day", "0GB/day", "", None]
)
def test_parse_ingest_refuses_unknown_units_and_zero(text: object) -> None:
    with pytest.raises(ValueError, match="is not an ingest; write GB or GiB per day, hour or second, such as 110GB"):
        parse_ingest(text)
