"""Log files of pods: their format is the runtime's, their path and rotation the kubelet's."""

import os
import re
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logstack.localrun.client import Entry
from logstack.localrun.cri import PIECE, Logged, copy, cri_lines, logged, moment, time_of
from logstack.localrun.pods import ContainerLog, Pod
from logstack.localrun.processes import RUNTIME, Fleet, ProcessDiedError

NOW = 1_795_237_200_000_000_000
POD = Pod("shop", "cart-0", "cart", {"app.kubernetes.io/name": "cart"}, {"logstack/format": "json"})


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (NOW, "2026-11-21T05:00:00Z"),
        (NOW + 1, "2026-11-21T05:00:00.000000001Z"),
        (NOW + 120_000_000, "2026-11-21T05:00:00.12Z"),
    ],
)
def test_moment_formats_a_time_as_go_does_without_trailing_zeros(time_ns: int, text: str) -> None:
    assert moment(time_ns) == text
    assert time_of(text) == time_ns


def test_cri_lines_writes_one_line_for_each_entry() -> None:
    assert cri_lines(NOW + 1, "stderr", b" two words") == b"2026-11-21T05:00:00.000000001Z stderr F  two words\n"


@pytest.mark.parametrize(
    ("size", "flags"), [(0, ["F"]), (16_384, ["F"]), (16_385, ["P", "F"]), (3 * 16_384, ["P", "P", "F"])]
)
def test_cri_lines_splits_a_long_line_and_flags_its_last_piece(size: int, flags: list[str]) -> None:
    rows = cri_lines(NOW, "stdout", b"x" * size).splitlines()
    assert [row.split(b" ", 3)[2].decode() for row in rows] == flags
    assert all(len(row.split(b" ", 3)[3]) <= 16_384 for row in rows)


@given(
    st.lists(
        st.tuples(st.sampled_from(["stdout", "stderr"]), st.text(st.characters(codec="utf-8", exclude_characters="\n")))
    )
)
def test_logged_reads_back_what_cri_lines_writes(lines: list[tuple[str, str]]) -> None:
    entries = [Logged(NOW + number, stream, text * 3) for number, (stream, text) in enumerate(lines)]
    content = b"".join(cri_lines(line.time, line.stream, line.line.encode()) for line in entries)
    assert list(logged(content)) == entries


def test_logged_does_not_read_an_incomplete_line() -> None:
    pieces = cri_lines(NOW, "stdout", b"x" * (PIECE + 1))
    assert list(logged(pieces[:-1])) == []
    assert list(logged(pieces.splitlines(keepends=True)[0])) == []


def test_logged_does_not_mix_pieces_of_two_streams() -> None:
    out, err = (cri_lines(NOW, stream, b"x" * (PIECE + 1)).splitlines(keepends=True) for stream in ("stdout", "stderr"))
    assert [len(line.line) for line in logged(out[0] + err[0] + out[1] + err[1])] == [PIECE + 1, PIECE + 1]


def test_container_log_has_the_kubelets_path(tmp_path: Path) -> None:
    log = ContainerLog(POD, tmp_path)
    assert log.path == tmp_path / "pods" / f"shop_cart-0_{POD.uid}" / "cart" / "0.log"
    assert log.path.read_bytes() == b""


def test_rotate_keeps_the_lines_in_a_file_that_does_not_match_the_log_pattern(tmp_path: Path) -> None:
    log = ContainerLog(POD, tmp_path)
    log.write([Entry(NOW, "before")])
    old = log.rotate()
    log.write([Entry(NOW + 1, "after")])
    assert re.fullmatch(r"0\.log\.\d{8}-\d{6}", old.name)
    assert [line.line for line in logged(old.read_bytes())] == ["before"]
    assert [line.line for line in logged(log.path.read_bytes())] == ["after"]
    assert list(log.path.parent.glob("*.log")) == [log.path]


def test_container_log_writes_to_the_renamed_file_until_it_reopens(tmp_path: Path) -> None:
    log = ContainerLog(POD, tmp_path)
    old = log.rename()
    log.write([Entry(NOW, "late")])
    assert not log.path.exists()
    log.reopen()
    assert [line.line for line in logged(old.read_bytes())] == ["late"]
    assert log.path.read_bytes() == b""


def test_rotate_keeps_every_file_within_one_second(tmp_path: Path) -> None:
    log = ContainerLog(POD, tmp_path)
    assert len({log.rotate(), log.rotate(), log.rotate()}) == 3


def test_truncate_continues_at_the_start_of_the_same_file(tmp_path: Path) -> None:
    log = ContainerLog(POD, tmp_path)
    log.write([Entry(NOW, "before")])
    inode = log.path.stat().st_ino
    log.truncate()
    log.write([Entry(NOW + 1, "after")])
    assert log.path.stat().st_ino == inode
    assert log.path.read_bytes() == cri_lines(NOW + 1, "stdout", b"after")


def test_pod_has_the_meta_labels_of_discovery() -> None:
    meta = POD.meta
    assert meta["__meta_kubernetes_namespace"] == "shop"
    assert meta["__meta_kubernetes_pod_label_app_kubernetes_io_name"] == "cart"
    assert meta["__meta_kubernetes_pod_labelpresent_app_kubernetes_io_name"] == "true"
    assert meta["__meta_kubernetes_pod_annotation_logstack_format"] == "json"
    assert meta["__meta_kubernetes_pod_container_id"].startswith("containerd://")
    assert meta["__meta_kubernetes_pod_uid"] == POD.uid != Pod("shop", "cart-1", "cart").uid


def test_copy_writes_output_line_by_line_with_increasing_times(tmp_path: Path) -> None:
    (out, to_out), (err, to_err) = os.pipe(), os.pipe()
    os.write(to_out, b"one\ntwo\nno end")
    os.write(to_err, b"noise\n")
    for end in (to_out, to_err):
        os.close(end)
    file = tmp_path / "0.log"
    with file.open("wb") as target:
        copy({out: "stdout", err: "stderr"}, target)
    for end in (out, err):
        os.close(end)
    rows = list(logged(file.read_bytes()))
    assert [row.line for row in rows if row.stream == "stdout"] == ["one", "two", "no end"]
    assert [row.line for row in rows if row.stream == "stderr"] == ["noise"]
    assert [row.time for row in rows] == sorted({row.time for row in rows})


PRINTING_PROGRAM = (
    "import sys, time; print('entry', flush=True); print('noise', file=sys.stderr, flush=True); time.sleep(600)"
)


def wait_for_lines(path: Path, count: int) -> list[Logged]:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if path.exists() and len(lines := list(logged(path.read_bytes()))) >= count:
            return lines
        time.sleep(0.02)
    raise AssertionError(path)


def test_container_output_goes_to_its_log_file_by_stream(tmp_path: Path) -> None:
    log = ContainerLog(POD, tmp_path)
    with Fleet(tmp_path / "logs") as fleet:
        fleet.start_container("cart", [sys.executable, "-c", PRINTING_PROGRAM], {}, log.path)
        lines = wait_for_lines(log.path, 2)
        fleet.kill("cart")
        fleet.wait(f"cart{RUNTIME}")
        fleet.check()
    assert {(line.stream, line.line) for line in lines} == {("stdout", "entry"), ("stderr", "noise")}


def test_fleet_names_a_container_that_dies(tmp_path: Path) -> None:
    log = ContainerLog(POD, tmp_path)
    with Fleet(tmp_path / "logs") as fleet:
        fleet.start_container("cart", [sys.executable, "-c", "raise SystemExit('no port')"], {}, log.path)
        wait_for_lines(log.path, 1)
        fleet._children["cart"].process.wait()
        with pytest.raises(ProcessDiedError, match=r"(?s)^cart ended with code 1; its last lines:.*no port"):
            fleet.check()
