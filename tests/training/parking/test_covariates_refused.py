"""Covariates that would seem to count and do not are refused, by whatever reads the counts."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from features.errors import BadInput


@pytest.mark.parametrize(
    ("module", "door"),
    [
        pytest.param("job", "read_job", id="train, backtest and experiment"),
        pytest.param("search", "problem", id="search"),
    ],
)
def test_covariates_are_refused_with_a_mend(module, door, make_options, city_file):
    options = replace(make_options(city_file), covariates=Path("weather.csv"))
    with pytest.raises(BadInput, match=r"--covariates weather\.csv is given, and a parking model looks at no") as said:
        getattr(import_module(f"training.parking.{module}"), door)(options)
    assert "Leave it out" in said.value.mend
