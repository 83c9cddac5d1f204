import numpy as np
import polars as pl
import pytest

from features.errors import BadInput
from features.tables import Columns, ReadOptions, read_measures, read_panels

LOOKS = {
    "han-river": "time,wl_1018680,fw_1018680",
    "air-city": "time,pm10,pm25",
    "air-gu": "time,station,pm10,pm25",
    "asos": "일시,기온(°C),강수량(mm),풍속(m/s),습도(%)",
    "ldaps": "station,date,LDAPS_Tmax_lapse,LDAPS_Tmin_lapse",
}


def long(tmp_path, *rows, header="time,entity_id,stage_cm,tide_cm", name="long.csv"):
    path = tmp_path / name
    path.write_text("\n".join([header, *rows, ""]))
    return [path]


def test_long_table_of_several_quantities(tmp_path):
    rows = [
        "2022-01-01T00:00Z,a,300,",
        "2022-01-01T00:10Z,a,,",
        "2022-01-01T00:00Z,sea,,440",
        "2022-01-01T00:20Z,sea,,430",
    ]
    panels, findings = read_panels(long(tmp_path, *rows), "long", ReadOptions(step_min=10))
    assert {name: panel.entities for name, panel in panels.items()} == {"stage_cm": ("a",), "tide_cm": ("sea",)}
    assert {len(panel) for panel in panels.values()} == {3}
    assert (findings["stage_cm"].blank, findings["stage_cm"].missing) == (1, 2)


def test_entity_that_measured_nothing_at_all_is_kept_in_every_quantity(tmp_path):
    rows = [
        f"2022-01-01T0{hour}:00Z,{entity},{cell},{cell}"
        for hour in range(3)
        for entity, cell in (("a", 3), ("dead", ""))
    ]
    panels, _ = read_panels(long(tmp_path, *rows), "long", ReadOptions())
    assert {panel.entities for panel in panels.values()} == {("a", "dead")}


def test_slower_quantity_has_holes_on_the_clock_of_the_faster(tmp_path):
    rows = [f"2022-01-01T{at // 6:02}:{at % 6}0Z,a,{at},{at if at % 6 == 0 else ''}" for at in range(60)]
    panels, findings = read_panels(long(tmp_path, *rows), "long", ReadOptions())
    assert {panel.step_min for panel in panels.values()} == {10}
    assert findings["tide_cm"].missing == 50


def test_quantity_that_was_measured_once_takes_the_clock_of_the_others(tmp_path):
    rows = [f"2022-01-01T0{hour}:00Z,a,{hour},{7 if hour == 2 else ''}" for hour in range(4)]
    panels, _ = read_panels(long(tmp_path, *rows), "long", ReadOptions())
    np.testing.assert_array_equal(panels["tide_cm"].values[:, 0], [np.nan, np.nan, 7, np.nan])


def test_quantities_that_share_no_clock_are_refused(tmp_path):
    hours = range(4)
    rows = [*(f"2022-01-01T0{hour}:00Z,a,3," for hour in hours), *(f"2022-01-01T0{hour}:30Z,sea,,4" for hour in hours)]
    with pytest.raises(BadInput, match="they share no 60-minute clock"):
        read_panels(long(tmp_path, *rows), "long", ReadOptions())


def test_quantities_without_any_value_are_refused_together(tmp_path):
    with pytest.raises(BadInput, match="Blank in every row: pm10_ug_m3, pm25_ug_m3"):
        read_panels(long(tmp_path, "2018010101,-,", header="time,pm10,pm25"), "air-city", ReadOptions())


def test_files_that_measure_different_things_are_refused(tmp_path):
    paths = [
        *long(tmp_path, "2022-01-01T00:00Z,a,1,2"),
        *long(tmp_path, "2022-01-01T00:00Z,a,1", header="time,entity_id,v", name="b.csv"),
    ]
    with pytest.raises(BadInput, match=r"b\.csv measures v, the files before it something else"):
        read_measures(paths, "long", ReadOptions())


def test_one_of_several_is_picked(tmp_path):
    paths = long(tmp_path, "2022-01-01T00:00Z,a,1,2")
    frame = read_measures(paths, "long", ReadOptions(columns=Columns(value="tide_cm")))
    assert frame.columns == ["time", "entity_id", "tide_cm"]


def test_several_files_of_a_shape_follow_each_other(tmp_path):
    paths = [
        *long(tmp_path, "2018010101,30,12", header="time,pm10,pm25", name="a.csv"),
        *long(tmp_path, "2018010103,31,", header="time,pm10,pm25", name="b.csv"),
    ]
    panels, findings = read_panels(paths, "air-city", ReadOptions(step_min=60))
    np.testing.assert_array_equal(panels["pm25_ug_m3"].values[:, 0], [12, np.nan, np.nan])
    assert findings["pm10_ug_m3"].rows == 2


@pytest.mark.parametrize(
    ("asked", "shape"),
    [
        pytest.param(asked, shape, id=f"{shape} as {asked}")
        for shape in LOOKS
        for asked in ("long", *LOOKS)
        # The two kinds of air differ in the number of stations, which the tests of each look at.
        if asked != shape and {asked, shape} != {"air-city", "air-gu"}
    ],
)
def test_file_read_as_another_shape_says_which_it_looks_like(tmp_path, asked, shape):
    header = LOOKS[shape]
    paths = long(tmp_path, ",".join("1" for _ in header.split(",")), header=header)
    with pytest.raises(BadInput) as refused:
        read_measures(paths, asked, ReadOptions())
    assert refused.value.mend == f"It looks like --shape {shape}"


def test_long_file_read_as_a_published_shape_says_so(tmp_path):
    with pytest.raises(BadInput, match="It looks like --shape long"):
        read_measures(long(tmp_path, "2022-01-01T00:00Z,a,1,2"), "asos", ReadOptions())


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_parquet_and_csv_are_read_alike(tmp_path, kind):
    frame = pl.DataFrame(
        {"time": ["2018-01-01 01:00", "2018-01-01 02:00"], "pm10": [31.0, None], "pm25": [17.0, -999.0]}
    )
    path = tmp_path / f"city.{kind}"
    if kind == "csv":
        frame.write_csv(path)
    else:
        frame.with_columns(pl.col("time").str.to_datetime("%Y-%m-%d %H:%M")).write_parquet(path)
    panels, findings = read_panels([path], "air-city", ReadOptions(step_min=60))
    assert panels["pm10_ug_m3"].start.isoformat() == "2017-12-31T15:00:00+00:00"
    assert (findings["pm10_ug_m3"].blank, findings["pm25_ug_m3"].marked) == (1, 1)
