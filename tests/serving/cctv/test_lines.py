"""Events as lines of JSON: whole, one after the other, in a file that goes on."""

import json

import pytest

from features.errors import BadInput
from serving.cctv.lines import Lines, document
from serving.cctv.told import Change
from serving.cctv.watch import lines_of
from tests.serving.cctv.doubles import fault, told


def test_a_line_says_all_that_is_known_of_an_incident():
    row = document(told(simulated=True))
    assert row == {
        "event": "incident",
        "change": "raised",
        "at": "2026-07-01T09:00:02+00:00",
        "camera": "A",
        "kind": "stopped vehicle",
        "incident_id": 1,
        "onset_s": 1.0,
        "raised_s": 2.0,
        "cleared_s": None,
        "probability": 0.9,
        "box": [90.0, 50.0, 140.0, 90.0],
        "severity": "moderate",
        "zone": "carriageway 1",
        "learned": False,
        "track_id": 7,
        "length_m": None,
        "speed_km_h": None,
        "why": "A car has stood for 1 s where traffic flows",
        "why_ko": "차량이 차로에 1초째 서 있음",
        "detector": {"name": "double", "sha256": "d" * 64},
        "rules": {"version": "1", "sha256": "e" * 64},
        "zones_sha256": "f" * 64,
        "snapshot": {"file": "kept/A_20260701T090002Z_1.jpg", "sha256": "a" * 64},
        "simulated": True,
    }


def test_a_line_of_a_camera_says_what_is_wrong_with_it():
    row = document(fault(Change.CLEARED, 9))
    assert (row["event"], row["kind"], row["onset_s"], row["cleared_s"]) == ("health", "feed lost", 4.0, 9)


def test_that_something_lasts_is_no_line(tmp_path):
    lines = Lines(tmp_path / "events.jsonl")
    hear = lines_of(lines.write)
    for change in (Change.RAISED, Change.LASTS, Change.CLEARED):
        hear(told(change))
    lines.close()
    rows = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [row["change"] for row in rows] == ["raised", "cleared"]


def test_each_line_is_there_at_once(tmp_path):
    lines = Lines(tmp_path / "events.jsonl")
    lines.write({"why": "\u0007 차량\n", "n": float("nan")})
    assert json.loads((tmp_path / "events.jsonl").read_text()) == {"why": "\u0007 차량\n", "n": None}
    lines.close()


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        pytest.param(b"", b"", id="empty"),
        pytest.param(b'{"a": 1}\n', b'{"a": 1}\n', id="whole"),
        pytest.param(b'{"a": 1}\n{"b"', b'{"a": 1}\n', id="half a line behind it"),
        pytest.param(b'{"b"', b"", id="half a line alone"),
    ],
)
def test_a_file_goes_on_and_half_a_line_of_a_power_cut_is_cut_off(tmp_path, before, kept):
    (tmp_path / "events.jsonl").write_bytes(before)
    lines = Lines(tmp_path / "events.jsonl")
    lines.write({"c": 3})
    lines.close()
    assert (tmp_path / "events.jsonl").read_bytes() == kept + b'{"c": 3}\n'


def test_a_file_that_cannot_be_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be written"):
        Lines(tmp_path / "gone" / "events.jsonl")
