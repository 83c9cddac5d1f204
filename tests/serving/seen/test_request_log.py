"""Requests are logged as far as they were drawn, no call waits for that, and the folder stays within its bounds."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from features.errors import BadInput
from features.settings import Settings
from serving.runtime import Runtime
from serving.seen import request_log as module
from serving.seen import segments
from serving.seen.request_log import RequestLog
from serving.seen.segments import Bounds
from serving.served import Served

NOW = datetime(2026, 11, 28, tzinfo=UTC)
X = np.array([[1, 2, 3]], dtype=np.float32)
ROOMY = Bounds(most_bytes=1 << 30, longest=timedelta(days=30))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "requests"


@pytest.fixture
def served(own_runtime: Runtime) -> Served:
    return own_runtime.get("doubler")


@pytest.fixture
def make(folder: Path, settings: Settings) -> Iterator[Callable[..., RequestLog]]:
    """A log of every run, unless said otherwise; not begun."""
    made = []

    def log(share: float = 1.0, **more: object) -> RequestLog:
        made.append(RequestLog(folder, settings.model_copy(update={"request_log_share": share}), **more))
        return made[-1]

    yield log
    for one in made:
        one.stop()


def write(folder: Path, served: Served, at: datetime = NOW, runs: int = 1) -> Path:
    folder.mkdir(exist_ok=True)
    path = segments.write(folder, [segments.row(at, served, {"x": X}, {"y": X + X})] * runs, at, 1)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def test_a_logged_request_is_there_as_it_was_sent_and_says_nothing_of_who_sent_it(watched, folder: Path) -> None:
    seen = watched(request_log=folder, request_log_share=1.0, metrics_port=0)
    seen.double()
    seen.server.stop(0)

    (frame,) = segments.read(folder)
    assert frame.columns == ["time", "model", "version", "inputs", "outputs"]
    (row,) = frame.to_dicts()
    assert (row["model"], row["version"]) == ("doubler", 1)
    assert abs(datetime.now(UTC) - row["time"]) < timedelta(minutes=1)
    assert row["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [1, 3], "raw": X.tobytes()}]
    assert row["outputs"] == [{"name": "y", "datatype": "FP32", "shape": [1, 3], "raw": (X + X).tobytes()}]


def test_only_its_user_may_read_it(folder: Path, served: Served, make: Callable[..., RequestLog]) -> None:
    make()
    path = write(folder, served)

    assert folder.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


def test_metrics_tell_how_many_were_logged_and_dropped(watched, folder: Path) -> None:
    seen = watched(request_log=folder, metrics_port=0)

    assert seen.value("haechi_request_log_rows_total") == 0
    assert seen.value("haechi_request_log_dropped_total") == 0


def test_as_many_are_drawn_as_the_share_says(make: Callable[..., RequestLog], served: Served, folder: Path) -> None:
    chances = iter([0.0, 0.2, 0.25, 0.9])
    log = make(share=0.25, chance=lambda: next(chances))
    log.start()
    for _ in range(4):
        log.ran(served, {"x": X}, {"y": X})
    log.stop()

    assert (log.rows, log.dropped) == (2, 0)
    assert sum(map(len, segments.read(folder))) == 2


def test_what_finds_no_room_is_dropped_and_counted(make: Callable[..., RequestLog], served: Served) -> None:
    log = make()  # nobody writes yet
    for _ in range(300):
        log.ran(served, {"x": X}, {"y": X})
    assert log.dropped == 300 - 256
    log.start()
    log.stop()

    assert log.rows == 256


def test_large_requests_fill_the_room_sooner(make: Callable[..., RequestLog], served: Served, monkeypatch) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING_BYTES", 5 * X.nbytes)
    log = make()
    for _ in range(4):
        log.ran(served, {"x": X}, {"y": X})

    assert log.dropped == 2


@pytest.mark.parametrize(
    ("limit", "most"), [pytest.param("_MOST_ROWS", 2, id="rows"), pytest.param("_MOST_BYTES", 48, id="bytes")]
)
def test_a_segment_ends_at_its_size(
    limit: str, most: int, make: Callable[..., RequestLog], served: Served, folder: Path, monkeypatch
) -> None:
    monkeypatch.setattr(module, limit, most)
    log = make()
    for _ in range(5):
        log.ran(served, {"x": X}, {"y": X})
    log.start()
    log.stop()

    assert [len(frame) for frame in segments.read(folder)] == [2, 2, 1]


def test_a_segment_ends_with_its_time(make: Callable[..., RequestLog], served: Served, folder: Path) -> None:
    log = make(longest_s=0.05)
    log.start()
    log.ran(served, {"x": X}, {"y": X})
    for _ in range(500):
        if segments.segments(folder):
            break
        log._thread.join(0.01)

    assert [len(frame) for frame in segments.read(folder)] == [1]


def test_a_folder_that_cannot_be_written_to_drops_and_goes_on(
    make: Callable[..., RequestLog], served: Served, folder: Path, monkeypatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    log = make(longest_s=0.02)
    monkeypatch.setattr(segments, "write", full)
    log.start()
    log.ran(served, {"x": X}, {"y": X})
    for _ in range(500):
        if log.dropped:
            break
        log._thread.join(0.01)
    monkeypatch.undo()
    log.ran(served, {"x": X}, {"y": X})
    log.stop()

    assert (log.rows, log.dropped) == (1, 1)
    assert "1 requests are not logged" in caplog.text


def test_the_oldest_go_where_there_is_too_much(folder: Path, served: Served) -> None:
    old, newer, newest = (write(folder, served, NOW + timedelta(hours=hour)) for hour in range(3))
    two = newer.stat().st_size + newest.stat().st_size
    segments.tidy(folder, Bounds(most_bytes=two, longest=timedelta(days=1)), NOW + timedelta(hours=3))

    assert segments.segments(folder) == [newer, newest]
    assert not old.exists()


def test_what_is_too_old_goes_and_foreign_files_stay(folder: Path, served: Served) -> None:
    write(folder, served, NOW - timedelta(days=31))
    kept = write(folder, served, NOW - timedelta(days=29))
    foreign = folder / "volumes.parquet"
    foreign.write_bytes(b"")
    os.utime(foreign, (0, 0))
    segments.tidy(folder, ROOMY, NOW)

    assert segments.segments(folder) == [kept]
    assert foreign.exists()


def test_text_is_logged_as_the_protocol_sends_it(folder: Path, served: Served) -> None:
    folder.mkdir()
    text = np.array(["해치"], dtype=object)
    segments.write(folder, [segments.row(NOW, served, {"x": text}, {})], NOW, 1)

    (row,) = next(iter(segments.read(folder))).to_dicts()
    assert row["inputs"][0]["datatype"] == "BYTES"
    assert row["inputs"][0]["raw"] == b"\x06\x00\x00\x00" + "해치".encode()


def test_a_log_without_a_folder_to_write_to_is_refused_at_once(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be logged") as refused:
        RequestLog(tmp_path / "file" / "below", settings)

    assert "HAECHI_REQUEST_LOG" in refused.value.mend


def test_without_a_folder_nothing_is_logged(watched) -> None:
    assert watched().listening() == []
