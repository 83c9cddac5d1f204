from importlib import import_module

import polars as pl
import pytest

from features.errors import BadInput
from features.tables.plausible import judge

MODULES = ("han_river", "air_city", "air_gu", "asos", "asos_daily", "ldaps")


@pytest.mark.parametrize(
    ("quantity", "cell", "left", "marked", "out_of_range"),
    [
        pytest.param("pm10_ug_m3", 3403.0, None, 0, 1, id="a spike that no dust was"),
        pytest.param("pm10_ug_m3", 962.0, 962.0, 0, 0, id="yellow dust"),
        pytest.param("pm10_ug_m3", -9.0, None, 1, 0, id="-9 where nothing is negative"),
        pytest.param("air_temperature_c", -9.0, -9.0, 0, 0, id="a cold day at -9"),
        pytest.param("air_temperature_c", -9.9, -9.9, 0, 0, id="a cold day at -9.9"),
        pytest.param("air_temperature_c", -99.9, None, 1, 0, id="-99.9 where it never is"),
        pytest.param("air_temperature_c", -9999.0, None, 1, 0, id="-9999"),
        pytest.param("inflow_m3s", -99.0, -99.0, 0, 0, id="a lake that loses 99 m3/s"),
        pytest.param("inflow_m3s", -999.0, None, 1, 0, id="-999 always"),
        pytest.param("stage_cm", float("inf"), None, 0, 1, id="an infinity"),
        pytest.param("stage_cm", None, None, 0, 0, id="a blank"),
    ],
)
def test_cell_is_a_measurement_a_mark_or_out_of_range(quantity, cell, left, marked, out_of_range):
    judged = judge(pl.Series([cell], dtype=pl.Float64), quantity=quantity, where="a.csv")
    assert (judged.values.to_list(), judged.marked, judged.out_of_range) == ([left], marked, out_of_range)


def test_number_that_a_user_names_means_nothing_was_measured():
    judged = judge(pl.Series([0.0, 31.0]), quantity="pm10_ug_m3", where="a.csv", missing=0)
    assert (judged.values.to_list(), judged.marked) == ([None, 31.0], 1)


def test_mark_written_in_single_precision_is_still_a_mark():
    cells = pl.Series([-999.9, -9.9], dtype=pl.Float32).cast(pl.Float64)
    assert judge(cells, quantity="air_temperature_c", where="a.csv").marked == 1


@pytest.mark.parametrize(
    ("quantity", "cells", "words", "mend"),
    [
        pytest.param("stage_cm", [3.1, 2.9, 8.2], "reads like metres; stage_cm", "Multiply .* 100", id="m for cm"),
        pytest.param("stage_m", [2512.0, 2507.0], "reads like centimetres; stage_m", "0.01", id="cm for m"),
        pytest.param("stage_masl_cm", [87.0, 95.0], "the staff gauge, which reads 207 cm less", "Add 207", id="datum"),
        pytest.param("o3_ppm", [24.0, 31.0], "reads like ppb", "0.001", id="ppb for ppm"),
        pytest.param("air_temperature_c", [293.1], "reads like kelvin", "Add -273.15", id="kelvin"),
    ],
)
def test_column_in_another_unit_or_datum_is_refused_by_its_middle(quantity, cells, words, mend):
    with pytest.raises(BadInput, match=words) as refused:
        judge(pl.Series(cells), quantity=quantity, where="a.csv, column 'x'")
    assert refused.match(mend)
    assert refused.value.cause.startswith("a.csv, column 'x'")


def test_one_value_in_metres_does_not_refuse_a_column_in_centimetres():
    judged = judge(pl.Series([310.0, 3.2, 305.0]), quantity="stage_cm", where="a.csv")
    assert judged.values.to_list() == [310.0, 3.2, 305.0]


@pytest.mark.parametrize("module", MODULES)
def test_every_quantity_of_every_shape_has_a_range(module):
    for column in import_module(f"features.tables.{module}").LAYOUT.columns:
        judged = judge(pl.Series([0.0, 1e30]), quantity=column.quantity, where="a.csv")
        assert judged.values[1] is None, column.quantity
