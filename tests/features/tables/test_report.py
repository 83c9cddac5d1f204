import struct
import zlib
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from features.errors import BadInput
from features.series import Panel
from features.tables.findings import Findings
from features.tables.picture import LEVELS, draw
from features.tables.report import report
from features.tables.report_html import render

SEOUL = ZoneInfo("Asia/Seoul")
MIDNIGHT_KST = datetime(2021, 12, 31, 15, tzinfo=UTC)


def make_panel(values, entities, start=MIDNIGHT_KST, step_min=60):
    return Panel(start=start, step_min=step_min, entities=tuple(entities), values=values, quantity="volume_veh_h")


def make_findings(panel, **changes):
    counts = {
        "rows": int((~np.isnan(panel.values)).sum()),
        "blank": 0,
        "entities": len(panel.entities),
        "steps": len(panel),
        "step_min": panel.step_min,
        "duplicates_merged": 0,
        "conflicts": 0,
        "out_of_order": 0,
        "off_clock": 0,
        "missing": int(np.isnan(panel.values).sum()),
        "repeated": {},
    }
    return Findings(**(counts | changes))


@pytest.fixture
def panel():
    """30 days of three entities: whole, with an outage of ten days, never measured."""
    hours = np.arange(30 * 24)
    values = np.column_stack([100 + hours % 24, 200 + hours % 24, np.full(len(hours), np.nan)]).astype(np.float32)
    values[48:288, 1] = np.nan
    values[300, 1] = np.nan
    return make_panel(values, ["whole", "broken", "<b>dead</b>"])


def test_every_entity_is_reported_most_missing_first(panel):
    found = report(panel, make_findings(panel, repeated={"broken": 4}))
    dead, broken, whole = found.entities
    assert (dead.entity_id, dead.first, dead.last, dead.step_min, dead.missing_share) == (
        "<b>dead</b>",
        None,
        None,
        None,
        1.0,
    )
    assert (broken.entity_id, broken.missing, broken.longest_gap_h, broken.duplicates) == ("broken", 241, 240, 4)
    assert broken.longest_gap_start == MIDNIGHT_KST + timedelta(hours=48)
    assert (whole.first, whole.last) == (panel.start, panel.end - timedelta(hours=1))
    assert (whole.step_min, whole.missing, whole.longest_gap_h, whole.longest_gap_start) == (60, 0, 0, None)


def test_missing_in_long_outages_is_told_from_lone_holes(panel):
    found = report(panel, make_findings(panel))
    assert found.in_long_outages == pytest.approx((240 + 720) / (241 + 720))
    assert found.never_measured == 1
    assert "outages longer than a week" in found.lines()[1]


def test_own_step_of_a_slow_entity():
    values = np.full((48, 1), np.nan, dtype=np.float32)
    values[::3] = 1.5
    panel = make_panel(values, ["slow"])
    assert report(panel, make_findings(panel)).entities[0].step_min == 180


def test_longest_of_several_gaps_is_the_first_of_equals():
    values = np.ones((48, 1), dtype=np.float32)
    values[[3, 10, 11, 20, 21]] = np.nan
    panel = make_panel(values, ["a"])
    (entity,) = report(panel, make_findings(panel)).entities
    assert (entity.longest_gap_h, entity.longest_gap_start) == (2, MIDNIGHT_KST + timedelta(hours=10))
    assert (entity.stuck_runs, entity.longest_stuck) == (3, 26)


def test_step_that_no_day_holds_is_refused():
    panel = make_panel(np.ones((10, 1), dtype=np.float32), ["a"], step_min=7)
    with pytest.raises(BadInput, match="7 min does not divide a day"):
        report(panel, make_findings(panel))


def levels(picture, height):
    """The palette index of every cell, out of the PNG itself."""
    png, at, chunks = picture.png, 8, {}
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size]) == (zlib.crc32(kind + body),)
        chunks[kind], at = body, at + 12 + size
    assert chunks[b"PLTE"] == b"".join(bytes.fromhex(level.colour[1:]) for level in LEVELS)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype=np.uint8).reshape(height, -1)
    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (rows.shape[1] - 1, height)
    return rows[:, 1:]


def test_picture_colours_each_day_by_what_was_measured():
    values = np.ones((600 * 24, 1), dtype=np.float32)
    for day, missing in enumerate([0, 1, 8, 20, 24]):
        values[day * 24 : day * 24 + missing, 0] = np.nan
    picture = draw(make_panel(values[: 500 * 24], ["a"]), SEOUL)
    assert (picture.cell_min, picture.start.hour) == (1440, 0)
    assert levels(picture, 1).shape == (1, 500)
    assert levels(picture, 1)[0, :6].tolist() == [4, 3, 2, 1, 0, 4]
    assert draw(make_panel(values, ["a"]), SEOUL).cell_min == 7 * 1440


def test_first_day_counts_only_hours_of_the_panel():
    values = np.ones((40 * 24, 1), dtype=np.float32)
    picture = draw(make_panel(values, ["a"], start=MIDNIGHT_KST + timedelta(hours=7)), SEOUL)
    assert (picture.cell_min, picture.start) == (1440, MIDNIGHT_KST)
    assert (levels(picture, 1) == 4).all()


@pytest.mark.parametrize(
    ("hours", "labels"),
    [
        pytest.param(24, ["00:00", "06:00", "12:00", "18:00"], id="a day in quarters"),
        pytest.param(72, ["1 Jan", "2 Jan", "3 Jan"], id="three days"),
        pytest.param(24 * 20, ["1 Jan", "8 Jan", "15 Jan"], id="weeks"),
        pytest.param(24 * 90, ["2022", "Feb", "Mar"], id="months"),
    ],
)
def test_time_axis(hours, labels):
    picture = draw(make_panel(np.ones((hours, 1), dtype=np.float32), ["a"]), SEOUL)
    assert [label for _, label in picture.ticks] == labels
    assert all(0 <= at < 1 for at, _ in picture.ticks)


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.outside, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.outside += [value for name, value in attrs if name in {"src", "href"} and not value.startswith("data:")]

    def handle_data(self, data):
        self.text.append(data)


def test_page_stands_alone_and_escapes_every_name(panel):
    page = Page()
    html = render(report(panel, make_findings(panel)), panel, sources=["</title><script>x"], zone=SEOUL)
    page.feed(html)
    assert page.outside == []
    assert page.tags.count("script") == 2
    assert "<b>dead" not in html
    text = " ".join(page.text)
    assert "<b>dead</b>" in text
    assert "2022-01-01 00:00 to 2022-01-31 00:00 · times in Asia/Seoul" in text
