"""Loki does what the checks say of values that they refuse: it does not start with them, or it does."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.real import CLAIMED, binary, run
from tests.support.stacks import data, declarations, settings_of

pytestmark = pytest.mark.real

Document = dict[str, Any]


def answer_to(change: Callable[[Document], None], directory: Path) -> tuple[bool, str]:
    """Return whether Loki takes production's loki.yaml with a change, and its words."""
    document: Document = yaml.safe_load(data(declarations(settings_of("production")), "loki/loki-config"))
    change(document)
    file = directory / "loki.yaml"
    file.write_text(yaml.safe_dump(document))
    flags = (f"-config.file={file}", "-config.expand-env=true", "-verify-config")
    answer = run([binary("loki"), *flags], environment=CLAIMED)
    return answer.returncode == 0, answer.stderr + answer.stdout


def _periods(document: Document) -> list[Document]:
    periods: list[Document] = document["schema_config"]["configs"]
    return periods


def _no_schema(document: Document) -> None:
    document["schema_config"]["configs"] = []


def _no_date(document: Document) -> None:
    _periods(document)[-1]["from"] = "30d"


def _equal_days(document: Document) -> None:
    _periods(document).append(dict(_periods(document)[-1]))


def _short_tables(document: Document) -> None:
    _periods(document)[-1]["index"]["period"] = "1h"


def _old_store(document: Document) -> None:
    _periods(document)[-1]["store"] = "boltdb-shipper"


def _old_schema(document: Document) -> None:
    _periods(document)[-1]["schema"] = "v12"


def _short_rule(document: Document) -> None:
    rule = {"selector": '{namespace="dev"}', "priority": 1, "period": "12h"}
    document["limits_config"]["retention_stream"] = [rule]


REFUSED: dict[str, tuple[Callable[[Document], None], str]] = {
    "schema-no-period": (_no_schema, "panic: runtime error: index out of range"),
    "schema-no-date": (_no_date, "cannot parse"),
    "schema-unordered": (_equal_days, "from time in schemas must be distinct and in increasing order"),
    "schema-index-period": (_short_tables, "tsdb must always have periodic config for index set to 24h"),
    "schema-outdated, the store": (_old_store, "`tsdb` index type is required"),
    "schema-outdated, the schema": (_old_schema, "schema v13 is required to store Structured Metadata"),
    "retention-stream-too-short": (_short_rule, "retention period must be >= 24h"),
}


@pytest.mark.parametrize(("change", "words"), REFUSED.values(), ids=REFUSED)
def test_loki_does_not_start_with_a_value_that_the_checks_refuse(
    change: Callable[[Document], None], words: str, tmp_path: Path
) -> None:
    accepted, answer = answer_to(change, tmp_path)
    assert not accepted
    assert words in answer


def test_loki_starts_with_a_retention_below_a_day(tmp_path: Path) -> None:
    def change(document: Document) -> None:
        document["limits_config"]["retention_period"] = "12h"

    assert answer_to(change, tmp_path)[0]


def test_loki_starts_with_a_schema_that_begins_in_the_future(tmp_path: Path) -> None:
    def change(document: Document) -> None:
        _periods(document)[:] = [_periods(document)[-1] | {"from": date(2999, 1, 1)}]

    assert answer_to(change, tmp_path)[0]


def test_loki_reads_older_schemas_of_past_periods(tmp_path: Path) -> None:
    def change(document: Document) -> None:
        past = {"from": date(2020, 1, 1), "store": "boltdb-shipper", "schema": "v9"}
        index = {"prefix": "old_", "period": "24h"}
        _periods(document).insert(0, _periods(document)[-1] | past | {"index": index})

    assert answer_to(change, tmp_path)[0]
