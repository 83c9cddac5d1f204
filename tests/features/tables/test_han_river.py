import math

import numpy as np
import polars as pl
import pytest

from features.errors import BadInput
from features.tables import Columns, ReadOptions, read, read_measures, read_panels

HEADER = "time,swl,inf,sfw,ecpc,tototf,tide_level,wl_1018680,fw_1018680,wl_1018683,fw_1018683"


def river(tmp_path, *rows, header=HEADER):
    path = tmp_path / "river.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return [path]


def reading(minute, *, dam="25.1,500,220,24,480", jamsu="300.2", hangang="290"):
    return f"2018-07-01 00:{minute:02},{dam},445,{jamsu},0,{hangang},{700 + minute}"


def test_dam_tide_and_gauges_are_entities_on_one_clock(tmp_path):
    panels, _ = read_panels(river(tmp_path, reading(0), reading(10), reading(30)), "han-river", ReadOptions())
    assert {name: panel.entities for name, panel in panels.items()} == {
        **dict.fromkeys(
            ("stage_m", "inflow_m3s", "release_m3s", "storage_million_m3", "free_storage_million_m3"), ("paldang",)
        ),
        "tide_cm": ("tide",),
        "stage_cm": ("1018680",),
        "discharge_m3s": ("1018680", "1018683"),
        "stage_masl_cm": ("1018683",),
    }
    assert {(panel.start.isoformat(), panel.step_min, len(panel)) for panel in panels.values()} == {
        ("2018-06-30T15:00:00+00:00", 10, 4)
    }
    np.testing.assert_allclose(panels["stage_cm"].values[:, 0], [300.2, 300.2, math.nan, 300.2], rtol=1e-6)


def test_stage_above_sea_level_stays_as_published_under_its_own_name(tmp_path):
    frame = read_measures(river(tmp_path, reading(0)), "han-river", ReadOptions())
    bridge = frame.filter(pl.col("entity_id").cast(pl.String) == "1018683")
    assert bridge["stage_masl_cm"].to_list() == [290.0]
    assert bridge["stage_cm"].to_list() == [None]


def test_discharge_that_is_zero_throughout_was_never_measured(tmp_path):
    panels, findings = read_panels(river(tmp_path, reading(0), reading(10)), "han-river", ReadOptions())
    assert np.isnan(panels["discharge_m3s"].values[:, 0]).all()
    assert panels["discharge_m3s"].values[:, 1].tolist() == [700, 710]
    assert findings["discharge_m3s"].marked == 2


def test_dam_whose_feed_is_down_is_no_empty_lake(tmp_path):
    down = reading(10, dam="0,0,0,244,0")
    panels, findings = read_panels(river(tmp_path, reading(0), down, reading(20)), "han-river", ReadOptions())
    for name in ("stage_m", "inflow_m3s", "release_m3s", "storage_million_m3", "free_storage_million_m3"):
        assert np.isnan(panels[name].values[:, 0]).tolist() == [False, True, False]
        assert findings[name].marked + findings[name].out_of_range == 1


def test_gauge_that_is_dead_throughout_stays_on_the_panel(tmp_path):
    rows = [reading(minute, jamsu=jamsu) for minute, jamsu in ((0, "-"), (10, ""), (20, "-999"))]
    panels, findings = read_panels(river(tmp_path, *rows), "han-river", ReadOptions())
    assert panels["stage_cm"].entities == ("1018680",)
    assert np.isnan(panels["stage_cm"].values).all()
    assert len(panels["stage_cm"]) == 3
    assert (findings["stage_cm"].marked, findings["stage_cm"].blank, findings["stage_cm"].missing) == (2, 1, 3)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        pytest.param({"jamsu": "3.02"}, "column 'wl_1018680'.*reads like metres; stage_cm", id="metres"),
        pytest.param({"hangang": "83"}, "column 'wl_1018683'.*the staff gauge, which reads 207 cm less", id="datum"),
        pytest.param({"dam": "2510,500,220,24,480"}, "column 'swl'.*reads like centimetres", id="a dam in cm"),
        pytest.param({"jamsu": "high"}, r"row 1 \(line 2\): 'high' in column 'wl_1018680'", id="a word"),
    ],
)
def test_unit_datum_or_word_is_refused_with_its_column(tmp_path, cells, words):
    with pytest.raises(BadInput, match=words):
        read_measures(river(tmp_path, reading(0, **cells), reading(10, **cells)), "han-river", ReadOptions())


def test_another_gauge_of_another_year_is_its_own_entity(tmp_path):
    paths = river(tmp_path, "202308010000,412,900", "202308010010,415,910", header="YMDHM,WL_1018630,FW_1018630")
    panels, _ = read_panels(paths, "han-river", ReadOptions())
    assert panels["stage_cm"].entities == ("1018630",)
    assert panels["stage_cm"].values[:, 0].tolist() == [412, 415]


def test_file_without_any_gauge_says_what_it_looks_like(tmp_path):
    paths = river(tmp_path, "2018-01-01 01:00,31,17", header="time,pm10,pm25")
    with pytest.raises(BadInput, match=r"no column of a gauge's stage.*It looks like --shape air-city"):
        read_measures(paths, "han-river", ReadOptions())


def test_eight_summers(real_data):
    paths = [real_data / "hazard" / "han_river_10min_2012_2019.parquet"]
    panels, findings = read_panels(paths, "han-river", ReadOptions())
    stage = panels["stage_cm"]
    assert stage.entities == ("1018662", "1018680", "1019630")
    assert (stage.step_min, stage.start.isoformat()) == (10, "2012-04-30T15:00:00+00:00")
    assert np.nanmax(stage.values[:, 1]) == pytest.approx(885.2)
    assert findings["stage_cm"].out_of_range == 0
    assert findings["stage_m"].out_of_range == 83
    one = read(paths, "han-river", ReadOptions(columns=Columns(value="stage_masl_cm")))
    assert one.height == 211_968
