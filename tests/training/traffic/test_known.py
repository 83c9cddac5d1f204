"""A value that came late counts from when it came."""

from dataclasses import replace

import numpy as np
import pytest

from features.clock import utc_times
from features.console import progress
from features.covariates import Covariates
from features.traffic.config import TrafficConfig
from features.traffic.state import fresh
from training.split import Split
from training.traffic.fit import Ridge
from training.traffic.known import Past
from training.traffic.recipe import Recipe
from training.traffic.replay import replay
from training.traffic.train import Candidates, train

CONFIG = TrafficConfig(horizon_steps=3, history_steps=6, seasonal_lags_days=(1,))
HOUR_S = 3600


def arriving(panel, delay_s):
    """The panel, each value known ``delay_s`` after its interval's end."""
    ends = utc_times(panel.start + panel.step, panel.step_min, len(panel))[:, None]
    known = np.broadcast_to(ends + np.timedelta64(delay_s, "s"), panel.values.shape)
    return replace(panel, available_at=np.where(np.isnan(panel.values), np.datetime64("NaT", "s"), known))


@pytest.mark.parametrize(
    ("delay_s", "rows"),
    [
        pytest.param(0, 10, id="at once: all of them"),
        pytest.param(1, 9, id="a second late: all but the last"),
        pytest.param(2 * HOUR_S, 8, id="two hours late: all but the last two"),
    ],
)
def test_what_was_not_known_yet_is_missing(delay_s, rows, city):
    panel = arriving(city, delay_s)

    known = Past.of(panel, CONFIG).known(panel.start, 10).values

    np.testing.assert_array_equal(known[:rows], city.values[:rows])
    assert np.isnan(known[rows:]).all()


@pytest.mark.parametrize("delay_s", [pytest.param(0, id="on time"), pytest.param(90 * 60, id="ninety minutes late")])
def test_hour_by_hour_or_all_at_once_is_the_same_state(delay_s, city):
    panel = arriving(city, delay_s)
    past, start = Past.of(panel, CONFIG), fresh(panel.entities, panel.start, CONFIG)

    state = start
    for row in range(1, 200):
        state = past.advanced(state, row)
    at_once = past.advanced(start, 199)

    assert state.as_of == at_once.as_of
    for name in ("level", "seen", "residual", "observed"):
        np.testing.assert_allclose(getattr(state, name), getattr(at_once, name), rtol=1e-6, err_msg=name)


def test_replay_learns_from_what_comes_late(city):
    panel = arriving(city, HOUR_S // 2)

    def predict(inputs):
        return np.repeat(inputs["profile"][..., None], 3, axis=-1)

    *_, last = replay(predict, fresh(panel.entities, panel.start, CONFIG), panel, range(0, 400), CONFIG)

    assert not np.isnan(last.state.level).any()
    # The latest hour is still on its way, the one before has arrived.
    assert not last.table.inputs["recent_mask"][:, 0, 0].any()
    assert last.table.inputs["recent_mask"][:, 1, 0].any()


def test_a_city_whose_values_come_late_can_be_trained_on(city):
    with progress() as bar:
        [trained] = train(
            arriving(city, HOUR_S // 2),
            Split(validation=1008, test=1344, end=1680),
            CONFIG,
            Recipe(members=("linear",)),
            1,
            bar,
            Candidates(gains=(), ridges=(Ridge(),)),
        )

    assert trained.choices[0].validation_mae < 50


def weathered(panel, first, count, *, ahead_h):
    """Hours from row ``first`` on, each known so many hours before it begins."""
    time = utc_times(panel.time(first), 60, count)
    values = np.arange(count, dtype=np.float32)[:, None]
    known = time - np.timedelta64(ahead_h, "h")
    return replace(panel, covariates=Covariates(names=("rain_mm",), time=time, available_at=known, values=values))


@pytest.mark.parametrize(
    ("ahead_h", "newest"),
    [
        pytest.param(-1, 198, id="observed"),
        pytest.param(1, 200, id="forecast an hour ahead"),
        pytest.param(999, 201, id="long known: as far as the horizon"),
    ],
)
def test_covariates_hour_by_hour_or_all_at_once_are_the_same(ahead_h, newest, city):
    config = replace(CONFIG, covariates=("rain_mm",))
    panel = weathered(city, 0, 300, ahead_h=ahead_h)
    past, start = Past.of(panel, config), fresh(panel.entities, panel.start, config)
    state = start
    for row in range(1, 200):
        state = past.advanced(state, row)
    at_once = past.advanced(start, 199)
    np.testing.assert_array_equal(state.covariate, at_once.covariate)
    assert np.nanmax(at_once.covariate) == newest


def test_what_was_known_before_anything_was_measured_is_known_from_the_start(city):
    config = replace(CONFIG, covariates=("rain_mm",))
    past = Past.of(weathered(city, -7 * 24, 7 * 24, ahead_h=-1), config)
    state = past.advanced(fresh(city.entities, city.start, config), 0)
    np.testing.assert_array_equal(np.sort(state.covariate[:, 0])[: 7 * 24], np.arange(7 * 24))
    assert len(past.known(city.start, 5).covariates) == 7 * 24
    assert len(past.known(city.time(5), 6).covariates) == 0
