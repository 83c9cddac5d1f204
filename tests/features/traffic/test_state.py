from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings

from features.errors import ArtifactMismatch
from features.traffic.advance import Raw, advance
from features.traffic.config import TrafficConfig
from features.traffic.state import fresh, load, save
from tests.features.traffic.city import (
    ARRAYS,
    START,
    assert_equal,
    hours,
    issued,
    newborn,
    panel,
    scenes,
    small,
    volumes,
)


@pytest.fixture
def lived():
    """A state with something in every array."""
    config = small()
    measured = panel(volumes(1, 60))
    forecast = issued(config, START + hours(50), 10, 20)
    return config, advance(newborn(config), Raw(measured=measured, issued=(forecast,)), config, START + hours(51))


def test_newborn_knows_nothing_and_zero_is_not_nothing():
    state = newborn(small())
    assert np.isnan(state.level).all()
    assert np.isnan(state.residual).all()
    assert (state.seen == 0).all()
    assert (state.width > 0).all()


def test_shapes_are_those_of_the_config():
    config = TrafficConfig(step_min=15, horizon_steps=8, history_steps=6, seasonal_lags_days=(1, 7))
    state = fresh(("a", "b"), START, config)
    assert {name: getattr(state, name).shape for name in ARRAYS} == {
        "level": (96, 8, 2),
        "seen": (96, 8, 2),
        "dispersion": (96, 2, 2),
        "residual": (7 * 96, 2),
        "observed": (6, 2),
        "city_error": (7 * 96, 2),
        "evidence": (5, 2),
        "silent": (2,),
        "suspected": (2,),
        "relearning": (2,),
        "width": (2, 8, 2),
        "pending": (96 + 8, 8, 2, 2),
        "neighbour": (16, 2),
        "neighbour_weight": (16, 2),
        "loading": (6, 2),
        "covariate": (7 * 96 + 8, 0),
    }


@given(scene=scenes())
@settings(max_examples=25, deadline=None)
def test_what_was_saved_is_loaded_bit_for_bit(scene, tmp_path_factory):
    config, state, measured = scene
    until = max(state.as_of, measured.end)
    state = advance(state, Raw(measured=measured), config, until)
    path = tmp_path_factory.mktemp("state") / "state.parquet"
    save(state, path)
    assert_equal(load(path, config), state)
    assert load(path, config).level.dtype == np.float32


def test_loaded_state_goes_on_like_the_one_that_was_saved(lived, tmp_path):
    config, state = lived
    save(state, tmp_path / "state.parquet")
    raw = Raw(measured=panel(volumes(2, 80)))
    until = START + hours(70)
    assert_equal(
        advance(load(tmp_path / "state.parquet", config), raw, config, until), advance(state, raw, config, until)
    )


def test_time_is_loaded_as_the_same_instant(tmp_path):
    config = small()
    seoul = datetime(2022, 1, 27, 9, tzinfo=ZoneInfo("Asia/Seoul"))
    save(fresh(("a",), seoul, config), tmp_path / "state.parquet")
    assert load(tmp_path / "state.parquet", config).as_of == seoul == datetime(2022, 1, 27, tzinfo=UTC)


def test_copy_shares_nothing(lived):
    _, state = lived
    copy = state.copy()
    for name in ARRAYS:
        assert not np.shares_memory(getattr(copy, name), getattr(state, name))
    assert_equal(copy, state)


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        pytest.param({"history_steps": 4}, "observed", id="another history"),
        pytest.param({"seasonal_lags_days": (1, 7)}, "residual", id="a longer memory"),
        pytest.param({"horizon_steps": 4}, "width", id="another horizon"),
        pytest.param({"quantiles": (0.1, 0.2, 0.5, 0.8, 0.9)}, "width", id="other quantiles"),
        pytest.param({"step_min": 30}, "level", id="another step"),
    ],
)
def test_state_of_another_config_is_refused(lived, tmp_path, changes, column):
    save(lived[1], tmp_path / "state.parquet")
    with pytest.raises(ArtifactMismatch, match=f"state.parquet: column '{column}'"):
        load(tmp_path / "state.parquet", small(**changes))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(lambda frame: frame.drop("seen"), "column 'seen' is None", id="a column is missing"),
        pytest.param(lambda frame: frame.drop("entity_id"), "column 'entity_id' is None", id="no names"),
        pytest.param(lambda frame: frame.drop("as_of"), "column 'as_of' is None", id="no time"),
        pytest.param(
            lambda frame: frame.with_columns(pl.col("as_of").dt.replace_time_zone(None)), "as_of", id="a naive time"
        ),
        pytest.param(
            lambda frame: frame.with_columns(pl.col("width").cast(pl.Array(pl.Float64, 6))),
            "'width'",
            id="another type",
        ),
        pytest.param(lambda frame: frame.clear(), "found 0 rows", id="no row"),
        pytest.param(lambda frame: pl.concat([frame, frame[:1]]), "found 4 rows, 3 entities", id="an entity twice"),
        pytest.param(
            lambda frame: frame.with_columns(as_of=pl.col("as_of").dt.offset_by("1h").shift(1, fill_value=START)),
            "2 times",
            id="two times",
        ),
    ],
)
def test_damaged_state_is_refused_by_name(lived, tmp_path, damage, words):
    config, state = lived
    path = tmp_path / "state.parquet"
    save(state, path)
    damage(pl.read_parquet(path)).write_parquet(path)
    with pytest.raises(ArtifactMismatch, match=words):
        load(path, config)


@pytest.mark.parametrize("content", [pytest.param(b"", id="empty"), pytest.param(b"PK\x03\x04", id="another file")])
def test_file_that_is_no_parquet_is_refused(tmp_path, content):
    path = tmp_path / "state.parquet"
    path.write_bytes(content)
    with pytest.raises(ArtifactMismatch, match=r"state\.parquet cannot be read"):
        load(path, small())


def test_absent_state_is_refused(tmp_path):
    with pytest.raises(ArtifactMismatch, match=r"state\.parquet cannot be read"):
        load(tmp_path / "state.parquet", small())
