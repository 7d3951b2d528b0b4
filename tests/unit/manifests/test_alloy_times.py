"""A line's own time: how far it may be from the reading time, and the label of late lines."""

import re
from datetime import timedelta

import pytest

from logstack.localrun.collector import stack_config
from logstack.manifests.alloy.times import window
from logstack.settings.load.stack_file import Value
from tests.support.collector import stack

TIMESTAMP: Value = {"parsers": [{"format": "json", "timestamp": {"field": "ts"}}]}
OF_LOKI = {"config": {"ingester": {"max_chunk_age": "1h"}}}


@pytest.mark.parametrize("latest_behind", [timedelta(minutes=5), timedelta(hours=1), timedelta(hours=7)])
def test_window_is_shorter_than_what_a_line_may_be_behind_its_stream(latest_behind: timedelta) -> None:
    before, after = window(latest_behind)
    assert before + after < latest_behind
    # Loki refuses what is ten minutes ahead of its clock.
    assert after <= timedelta(minutes=5)


def test_lines_have_no_label_late_without_a_parser_that_reads_times() -> None:
    config = stack_config(stack("none", {"collector": {"parsers": [{"format": "json"}]}}))
    assert '"late"' not in config
    assert "logstack_read" not in config


def test_late_lines_have_the_index_label_late_beside_the_others() -> None:
    config = stack_config(stack("late", {"collector": TIMESTAMP}))
    (kept,) = re.findall(r"stage\.label_keep \{\n\t\tvalues = (.*)", config)
    assert kept.endswith(', "late"]')


def test_window_follows_the_chunk_age_that_the_stack_passes_on() -> None:
    config = stack_config(stack("passed", {"collector": TIMESTAMP, "loki": OF_LOKI}))
    assert "(add $read 150)" in config
    assert "(sub $read 1500)" in config
    assert "(mul (div $own 1800) 1800)" in config


def test_a_container_passes_its_reading_time_on_in_either_runtimes_form() -> None:
    config = stack_config(stack("runtimes", {"collector": TIMESTAMP}))
    assert re.findall(r'\{"logstack_read" = "(.*?)"\}', config) == ["time", "timestamp", ""]
