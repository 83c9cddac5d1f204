"""In the simulated Seoul rain keeps people at home: a model that is told of it errs less in the wet."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from features.console import progress
from features.simulated.seoul import SimulatedConfig, SimulatedSeoul
from features.tables.grid import to_panel
from training.covariates import joined
from training.split import Split
from training.traffic.fit import Ridge
from training.traffic.fitting import fitting_config
from training.traffic.recipe import Recipe
from training.traffic.replay import replay
from training.traffic.train import Candidates, train

SUMMER = SimulatedConfig(seed=1, start=datetime(2022, 6, 1, tzinfo=UTC), end=datetime(2022, 8, 30, tzinfo=UTC))
EVERY = 33  # links, of which a few are enough
WET_MM = 1.0


@pytest.fixture(scope="module")
def summer(tmp_path_factory):
    """Some links of a simulated summer, and the same with its weather as it was forecast a day ahead, without error."""
    folder = tmp_path_factory.mktemp("summer")
    seoul = SimulatedSeoul(config=SUMMER)
    counts = pl.concat(list(seoul.traffic_blocks()))
    some = counts["entity_id"].cast(pl.String).unique().sort()[::EVERY]
    panel, _ = to_panel(
        counts.filter(pl.col("entity_id").cast(pl.String).is_in(some.implode())), value="volume_veh_h", step_min=60
    )
    # The table as `haechi simulate` writes it, and when somebody knew.
    ahead = seoul.weather.with_columns((pl.col("time") - timedelta(days=1)).alias("available_at"))
    ahead.write_parquet(folder / "weather.parquet")
    return panel, joined(panel, folder / "weather.parquet", None)


def wet_mae(panel, rain):
    """Mean absolute error in wet hours of the last quarter, of the linear model trained on what lies before."""
    split = Split.by_shares(panel, (0.6, 0.15, 0.25))
    names = [] if panel.covariates is None else list(panel.covariates.names)
    config = fitting_config(panel, split, {"covariates": names})
    tried = Candidates(gains=(), ridges=(Ridge(),))
    with progress() as bar:
        [found] = train(panel, split, config, Recipe(members=("linear",)), 7, bar, tried)
    errors = []
    for issue in replay(found.blend, found.state, panel, range(split.test, split.end - 24, 3), config):
        wet = rain[issue.row : issue.row + 24] >= WET_MM
        errors.append(np.abs(issue.forecast[..., 1] - issue.measured)[:, wet].ravel())
    return float(np.nanmean(np.concatenate(errors)))


def test_a_forecast_of_rain_helps_in_the_wet(summer):
    panel, weathered = summer
    assert weathered.covariates.names == ("rain_mm", "temperature_c")
    rain = weathered.covariates.values[:, 0]
    assert len(rain) == len(panel)
    assert wet_mae(weathered, rain) < 0.98 * wet_mae(replace(panel, covariates=None), rain)
