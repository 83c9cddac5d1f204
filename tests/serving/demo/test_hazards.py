"""What the demo says in hindsight of its two moments is what the simulated city then measures."""

import sys
from datetime import timedelta

import polars as pl
import pytest

import haechi
from serving.demo.hazards import _MOMENTS
from serving.demo.steps import SEED


@pytest.fixture
def measured(tmp_path, monkeypatch, capsys):
    """Of a moment's place, the readings of that day and the next, in Seoul's time."""

    def of(moment):
        day = moment.until[:10]
        until = (pl.Series([day]).str.to_date()[0] + timedelta(days=2)).isoformat()
        words = ("--seed", SEED, "--from", day, "--to", until, "--out", str(tmp_path / "city"))
        monkeypatch.setattr(sys, "argv", ["haechi", "simulate", *words])
        with pytest.raises(SystemExit) as ended:
            haechi.main()
        assert ended.value.code == 0, capsys.readouterr().err
        frame = pl.read_parquet(tmp_path / "city" / moment.table).filter(pl.col("entity_id") == moment.place)
        return frame.sort("time").with_columns(pl.col("time").dt.convert_time_zone("Asia/Seoul"))

    return of


def test_the_bridge_is_closed_and_under_water_when_the_demo_says_so(measured):
    moment = _MOMENTS[0]
    river = measured(moment)
    for stage_cm in (550, 650):
        first = river.filter(pl.col("stage_cm") >= stage_cm)["time"][0]
        assert f"{first:%H:%M}" in moment.words
        assert f"{first:%-d %B %Y}" in moment.words


def test_the_haze_meets_its_levels_when_the_demo_says_so(measured):
    moment = _MOMENTS[1]
    air = measured(moment)
    over = [(air["pm25_ug_m3"] >= line).cast(pl.Int8).rolling_sum(2) == 2 for line in (75, 150)]
    # An hour is known when it is over.
    advisory, warning = (air.filter(each)["time"][0] + timedelta(hours=1) for each in over)
    assert "its advisory at noon, its warning the next morning" in moment.words
    assert f"{advisory:%-d %B %Y %H:%M}" == "26 February 2024 12:00"
    assert (warning.date() - advisory.date()).days == 1
    assert warning.hour < 12
