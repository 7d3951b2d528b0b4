"""Log files of a user: a local run reads valid ones, and names every invalid one in one error."""

from pathlib import Path

import pytest

from logstack.localrun import lines
from logstack.localrun.lines import LogFileError, cut_notice, file_pod, read_log_files, stream_labels, timestamped
from logstack.settings.model.collector import CollectorSettings


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_read_log_files_strips_newlines_and_skips_empty_lines(tmp_path: Path) -> None:
    file = read_log_files([write(tmp_path / "a.log", b"one\r\ntwo\n\nthree")])[0]
    assert file.lines == ("one", "two", "three")
    assert cut_notice(file) == ""


def test_read_log_files_names_all_unusable_files_at_once(tmp_path: Path) -> None:
    absent = tmp_path / "absent.log"
    binary = write(tmp_path / "binary.log", b"\x7fELF\0\0")
    empty = write(tmp_path / "empty.log", b"\n\n")
    with pytest.raises(LogFileError) as caught:
        read_log_files([absent, binary, empty, tmp_path])
    assert str(caught.value).splitlines() == [
        f"{absent}: No such file or directory; give a readable text file",
        f"{binary}: not a text file (it has NUL bytes); give a text file, unpack an archive first",
        f"{empty}: empty file; give a file with at least one line",
        f"{tmp_path}: Is a directory; give a readable text file",
    ]


def test_read_log_files_cuts_a_huge_file_at_a_whole_line_with_a_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MAX_BYTES", 2 * 1024)
    file = read_log_files([write(tmp_path / "huge.log", b"0123456789\n" * 1000)])[0]
    assert set(file.lines) == {"0123456789"}
    assert len(file.lines) == 2 * 1024 // 11
    assert cut_notice(file) == "only the first 2Ki are used"


def test_read_log_files_replaces_and_counts_invalid_utf8(tmp_path: Path) -> None:
    file = read_log_files([write(tmp_path / "latin.log", b"caf\xe9\nplain\n")])[0]
    assert file.lines == ("caf�", "plain")
    assert cut_notice(file) == "1 lines are not UTF-8: their invalid bytes were replaced"


def test_stream_labels_are_those_that_the_collector_gives_a_pod(tmp_path: Path) -> None:
    file = read_log_files([write(tmp_path / "My App.log", b"x\n")])[0]
    collector = CollectorSettings()
    assert stream_labels(file_pod(file, 2, collector), "staging", collector) == {
        "cluster": "staging",
        "namespace": "try",
        "pod": "my-app-2",
        "container": "my-app",
        "app": "my-app",
        "job": "try/my-app",
        "stream": "stdout",
        "container_runtime": "containerd",
    }


def test_stream_labels_omit_labels_that_the_pod_lacks(tmp_path: Path) -> None:
    file = read_log_files([write(tmp_path / "app.log", b"x\n")])[0]
    collector = CollectorSettings.model_validate(
        {"labels": {"team": "example.com/team"}, "indexLabels": ["namespace", "component", "unit", "node", "team"]}
    )
    assert stream_labels(file_pod(file, 0, collector), "staging", collector) == {
        "namespace": "try",
        "component": "app",
        "node": "this-machine",
        "team": "app",
    }


def test_timestamped_gives_unique_times_that_end_now() -> None:
    stamped = list(timestamped(["a", "a", "b"], 5_000_000))
    assert stamped == [(3_000_000, "a"), (4_000_000, "a"), (5_000_000, "b")]
