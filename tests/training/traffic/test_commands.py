"""``haechi train traffic``: from a file to a registered model, or to a refusal."""

import numpy as np
import polars as pl
import pytest

from features.artifact import open_artifact
from features.errors import BadInput, HaechiError
from training.baselines import FOUR_WEEKS, LAST_VALUE, LAST_WEEK, PROFILE
from training.export import Graph

TEST_ROWS = 336


def test_every_score_stands_beside_the_baselines(manifest):
    for horizon in ("1-24", "1", "3", "6", "12", "24"):
        named = {score.model for score in manifest.scores if (score.metric, score.horizon) == ("mae", horizon)}
        assert named == {"linear", LAST_VALUE, LAST_WEEK, FOUR_WEEKS, PROFILE}


def test_the_model_beats_what_anyone_could_forecast(manifest):
    mae = {score.model: score.value for score in manifest.scores if (score.metric, score.horizon) == ("mae", "1-24")}

    assert mae.pop("linear") < min(mae[name] for name in (LAST_VALUE, LAST_WEEK, FOUR_WEEKS))


def test_the_manifest_says_what_it_learned_from(manifest, city):
    assert manifest.training.start == city.start
    assert manifest.training.end == city.time(len(city) - TEST_ROWS)
    assert manifest.training.rows == (~np.isnan(city.values[:-TEST_ROWS])).sum()
    assert manifest.entities == city.entities
    assert manifest.state_as_of == city.end
    assert not manifest.simulated


def test_the_same_seed_gives_the_same_bits(own_home, city_file, document, trained_home):
    document("train", "traffic", "--data", city_file, "--quick")

    one, other = trained_home / "artifacts" / "traffic" / "1", own_home / "artifacts" / "traffic" / "2"
    for name in ("model.onnx", "state.parquet", "test_state.parquet"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("--set", "horizon_step=3"), "Did you mean 'horizon_steps'", id="a setting there is none of"),
        pytest.param(("--set", "horizon_steps=x"), "horizon_steps='x' is not int", id="a setting of another type"),
        pytest.param(("--split", "0.5,0.5"), "is not three positive shares", id="a split of two"),
        pytest.param(("--split-at", "2023-01-01,2023-02-01"), "into three parts", id="a split outside"),
        pytest.param(("--split", "0.03,0.5,0.47"), "The train part has", id="a history too short"),
        pytest.param(("--name", "a" * 101), "is not a model's name", id="a name without end"),
        pytest.param(("--name", "../traffic"), "is not a model's name", id="a name that is a path"),
        pytest.param(("--country", "Korea"), "There is no country 'Korea'", id="a country there is none of"),
        pytest.param(("--value-col", "speed"), "has no column 'speed'", id="a column there is none of"),
        pytest.param(("--entities", "gone.csv"), "There is no entity table", id="no table of places"),
    ],
)
def test_a_training_that_makes_no_sense_registers_nothing(words, message, home, run_command, city_file):
    with pytest.raises(BadInput, match=message):
        run_command("train", "traffic", "--data", city_file, "--quick", *words)
    assert not list((home / "artifacts").glob("*/*"))


def test_a_place_that_was_never_measured_is_left_out_with_a_warning(
    home, document, make_panel, with_values, save_panel, tmp_path, capsys
):
    panel = make_panel(days=28)
    values = panel.values.copy()
    values[: 28 * 24 * 6 // 10 + 24, 3] = np.nan
    path = save_panel(with_values(panel, values), tmp_path / "city.parquet")

    document("train", "traffic", "--data", path, "--quick")

    assert "1 entities were never measured in training and are left out, e.g. A-02/out" in capsys.readouterr().err
    assert open_artifact(home / "artifacts" / "traffic" / "1", None).entities == (
        *panel.entities[:3],
        *panel.entities[4:],
    )
    document("evaluate", "traffic", "--data", path)


def test_nothing_measured_at_all_is_refused(home, run_command, tmp_path):
    frame = pl.DataFrame({"time": ["2022-01-01T00:00Z", "2022-01-01T01:00Z"], "entity_id": ["a", "a"]})
    frame.with_columns(pl.lit(None, dtype=pl.Float64).alias("volume_veh_h")).write_parquet(tmp_path / "blank.parquet")

    with pytest.raises(BadInput, match="blank in every row"):
        run_command("train", "traffic", "--data", tmp_path / "blank.parquet")


def test_the_published_graph_forecasts_an_unseen_row(trained_home, manifest):
    graph = Graph(trained_home / "artifacts" / "traffic" / "1" / "model.onnx")
    inputs = {spec.name: np.zeros((1, *spec.shape[1:]), dtype=np.dtype(spec.dtype)) for spec in manifest.inputs}
    inputs["profile"] += 100
    inputs["spread"] += 5

    assert (np.diff(graph(inputs)[0]) >= 0).all()


def test_a_graph_that_does_not_say_the_same_is_not_registered(home, run_command, city_file, monkeypatch):
    monkeypatch.setattr(Graph, "__call__", lambda _self, inputs: np.repeat(inputs["profile"][..., None], 3, axis=-1))

    with pytest.raises(HaechiError, match="Graph and model differ"):
        run_command("train", "traffic", "--data", city_file, "--quick")
    assert not list((home / "artifacts").glob("*/*"))
