"""``haechi train``, ``evaluate`` and ``models`` as a user meets them, on one small city trained once."""

import json
import shutil
from dataclasses import replace

import mlflow
import numpy as np
import polars as pl
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from features.artifact import open_artifact, public_key, seal
from features.errors import ArtifactMismatch, BadInput, HaechiError, UnknownName
from training.baselines import FOUR_WEEKS, LAST_VALUE, LAST_WEEK, PROFILE
from training.export import Graph

TEST_ROWS = 336


def new_key():
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def document(run_command):
    """What a command prints with --json."""
    return lambda *words: json.loads(run_command(*words, "--json"))


@pytest.fixture
def at_home(trained_home, tmp_path, monkeypatch):
    """Commands look into ``trained_home`` and write nothing there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAECHI_HOME", str(trained_home))
    return trained_home


@pytest.fixture(scope="module")
def manifest(trained_home):
    return open_artifact(trained_home / "artifacts" / "traffic" / "1", None)


def run_of(home, manifest):
    client = mlflow.MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    return client, client.get_run(manifest.mlflow_run)


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


def test_the_run_has_parameters_and_every_metric_by_step(trained_home, manifest):
    client, run = run_of(trained_home, manifest)

    assert run.info.status == "FINISHED"
    assert run.data.params["seed"] == "7"
    assert run.data.params["data_sha256"] == manifest.training.data_sha256
    assert run.data.params["horizon_steps"] == "24"
    assert "git_commit" in run.data.params
    for name in ("linear", LAST_VALUE, LAST_WEEK, FOUR_WEEKS, PROFILE):
        history = client.get_metric_history(run.info.run_id, f"mae_by_step/{name.replace(' ', '_')}")
        assert [point.step for point in history] == list(range(1, 25))
    mae = {(score.model, score.horizon): score.value for score in manifest.scores if score.metric == "mae"}
    assert run.data.metrics["mae/linear"] == pytest.approx(mae[("linear", "1-24")], abs=1e-5)


def test_the_run_keeps_pictures_and_artifact(trained_home, manifest):
    client, run = run_of(trained_home, manifest)

    pictures = {file.path for file in client.list_artifacts(run.info.run_id, "pictures")}
    assert pictures == {f"pictures/{n}.png" for n in ("coverage", "error_by_hour", "error_by_step", "forecast")}
    kept = {file.path for file in client.list_artifacts(run.info.run_id, "artifact")}
    folder = trained_home / "artifacts" / "traffic" / "1"
    assert kept == {f"artifact/{file.name}" for file in folder.iterdir()}


def test_the_registered_model_has_its_signature_and_alias(trained_home, manifest):
    client, run = run_of(trained_home, manifest)

    version = client.get_model_version_by_alias("traffic", "champion")
    assert (version.version, version.run_id) == (1, run.info.run_id) or version.version == "1"
    signature = mlflow.models.get_model_info(client.get_logged_model(version.source.split("/")[-1]).model_uri).signature
    assert [one.name for one in signature.inputs] == [spec.name for spec in manifest.inputs]
    assert [tuple(one.shape) for one in signature.outputs] == [(-1, 24, 3)]


def test_the_same_seed_gives_the_same_bits(own_home, city_file, document, trained_home):
    document("train", "traffic", "--data", city_file, "--quick")

    one, other = trained_home / "artifacts" / "traffic" / "1", own_home / "artifacts" / "traffic" / "2"
    for name in ("model.onnx", "state.parquet", "test_state.parquet"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_a_second_version_leaves_the_champion_until_it_is_promoted(own_home, city_file, document):
    second = document("train", "traffic", "--data", city_file, "--quick")
    assert (second["version"], second["champion"]) == (2, 1)

    assert document("models", "promote", "traffic/2") == {"model": "traffic", "champion": 2, "before": 1}
    rows = {row["model"]: row for row in document("models", "list")["models"]}
    assert rows["traffic/2"]["alias"] == "champion"
    assert rows["traffic/1"]["alias"] == "previous"
    client = mlflow.MlflowClient(f"sqlite:///{own_home / 'mlflow.db'}")
    assert int(client.get_model_version_by_alias("traffic", "champion").version) == 2

    assert document("models", "rollback", "traffic") == {"model": "traffic", "champion": 1, "before": 2}
    assert int(client.get_model_version_by_alias("traffic", "champion").version) == 1


def test_nothing_to_roll_back_to_is_said(own_home, run_command):
    with pytest.raises(BadInput, match="traffic has had one champion only"):
        run_command("models", "rollback", "traffic")
    with pytest.raises(UnknownName, match=r"no model 'trafic'\. Did you mean 'traffic'"):
        run_command("models", "rollback", "trafic")


def test_models_are_listed_shown_and_verified(at_home, run_command, document):
    [row] = document("models", "list")["models"]
    assert (row["model"], row["alias"], row["entities"]) == ("traffic/1", "champion", 6)
    assert row["mae"].endswith("veh/h")
    assert "(" in row["baseline"]

    assert document("models", "show", "traffic@champion")["manifest"]["name"] == "traffic"
    card = " ".join(run_command("models", "show", "traffic").split())
    for words in ("traffic version 1", "Scores on the test interval", "adaptive profile", "data `"):
        assert words.strip("`") in card
    assert document("models", "verify") == {"models": [{"model": "traffic/1", "ok": True, "cause": None}]}


def test_an_empty_registry_says_what_to_do(home, run_command, document):
    assert "Train one: haechi train traffic" in run_command("models", "list")
    assert document("models", "list") == {"models": []}
    assert document("models", "verify") == {"models": []}


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        pytest.param("trafic", "Did you mean 'traffic'", id="an unknown model"),
        pytest.param("traffic@night", "no alias of traffic 'night'", id="an unknown alias"),
        pytest.param("traffic/9", "no version of traffic '9'", id="an unknown version"),
    ],
)
@pytest.mark.parametrize("command", [("models", "show"), ("models", "promote"), ("models", "verify"), ("evaluate",)])
def test_what_is_not_there_is_offered_its_nearest(command, reference, message, at_home, run_command, city_file):
    words = ("traffic", "--data", city_file, "--model", reference) if command == ("evaluate",) else (reference,)

    with pytest.raises(UnknownName, match=message):
        run_command(*command, *words)


@pytest.mark.parametrize("name", ["model.onnx", "state.parquet", "test_state.parquet", "CARD.md", "manifest.json"])
def test_one_altered_byte_is_refused_everywhere(name, own_home, run_command, city_file):
    path = own_home / "artifacts" / "traffic" / "1" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    for words in (
        ("models", "verify"),
        ("models", "promote", "traffic/1"),
        ("models", "show", "traffic"),
        ("evaluate", "traffic", "--data", city_file),
    ):
        with pytest.raises(ArtifactMismatch, match=name) as refusal:
            run_command(*words)
        assert refusal.value.exit_code == 2
    assert "refused" in run_command("models", "list")


def test_verify_tells_of_every_version_before_it_fails(own_home, run_command, capsys):
    shutil.copytree(own_home / "artifacts" / "traffic" / "1", own_home / "artifacts" / "traffic" / "2")

    with pytest.raises(ArtifactMismatch, match="the folder says '2'"):
        run_command("models", "verify")


def test_signed_where_there_is_a_key(own_home, city_file, document, run_command, monkeypatch):
    key = new_key()
    monkeypatch.setenv("HAECHI_SIGNING_KEY", key)
    document("train", "traffic", "--data", city_file, "--quick")
    assert (own_home / "artifacts" / "traffic" / "2" / "SIGNATURE").is_file()

    monkeypatch.setenv("HAECHI_TRUSTED_KEY", public_key(key))
    assert document("models", "promote", "traffic/2")["champion"] == 2
    for words in (("models", "promote", "traffic/1"), ("models", "rollback", "traffic")):
        with pytest.raises(ArtifactMismatch, match="SIGNATURE is missing"):
            run_command(*words)
    monkeypatch.setenv("HAECHI_TRUSTED_KEY", public_key(new_key()))
    with pytest.raises(ArtifactMismatch, match="not a signature"):
        run_command("evaluate", "traffic", "--data", city_file, "--model", "traffic/2")


def test_evaluate_says_what_training_said(at_home, document, city_file, manifest, tmp_path):
    found = document("evaluate", "traffic", "--data", city_file, "--out", tmp_path / "p.parquet")

    trained = {(score.model, score.horizon): score.value for score in manifest.scores if score.metric == "mae"}
    for row in found["scores"]:
        assert row["mae"] == pytest.approx(trained[(row["forecaster"], "1-24")], abs=1e-6)
        for step in (1, 3, 6, 12, 24):
            assert row[f"mae_step_{step}"] == pytest.approx(trained[(row["forecaster"], str(step))], abs=1e-6)
    frame = pl.read_parquet(tmp_path / "p.parquet")
    off = frame.select((pl.col("q50") - pl.col("observed")).abs().mean()).item()
    assert off == pytest.approx(trained[("linear", "1-24")], rel=1e-5)
    assert frame.height == (TEST_ROWS - 24 + 1) * 6 * 24
    inside = frame.drop_nulls("observed").select(pl.col("observed").is_between("q10", "q90").mean()).item()
    assert found["coverage"] == pytest.approx(inside, abs=1e-6)


def test_predictions_come_twice_the_same_and_never_cross(at_home, document, city_file, tmp_path):
    for name in ("one", "other"):
        document("evaluate", "traffic", "--data", city_file, "--out", tmp_path / f"{name}.parquet")
    frame = pl.read_parquet(tmp_path / "one.parquet")

    assert frame.equals(pl.read_parquet(tmp_path / "other.parquet"))
    assert frame.filter((pl.col("q10") > pl.col("q50")) | (pl.col("q50") > pl.col("q90"))).is_empty()
    assert frame["q10"].min() >= 0


@pytest.fixture
def later(make_panel, save_panel, tmp_path):
    """The same city, two weeks that begin where the ten weeks end; changed as asked."""

    def write(change=lambda panel: panel):
        panel = make_panel(days=84).window(1680, 84 * 24)
        return save_panel(change(panel), tmp_path / "later.parquet")

    return write


def test_another_stretch_is_judged_as_a_whole(at_home, document, later):
    found = document("evaluate", "traffic", "--data", later(), "--split", "all")

    assert found["remark"].startswith("state carried on from")
    assert found["targets"] > 13 * 24 * 6 * 20
    mae = {row["forecaster"]: row["mae"] for row in found["scores"]}
    assert mae["linear"] < mae[LAST_VALUE] / 2


def test_an_older_stretch_warms_a_new_state_up(at_home, document, make_panel, save_panel, tmp_path):
    panel = make_panel(days=28)
    older = replace(panel, start=panel.start.replace(year=2021))

    found = document("evaluate", "traffic", "--data", save_panel(older, tmp_path / "older.parquet"), "--split", "all")

    assert "168 steps warm a new state up and are not scored" in found["remark"]


def test_an_overlapping_stretch_is_refused(at_home, run_command, city_file):
    with pytest.raises(BadInput, match=r"the model learned from .* Judge it on another interval"):
        run_command("evaluate", "traffic", "--data", city_file, "--split", "all")


def test_another_file_is_not_its_test_part(at_home, run_command, later):
    with pytest.raises(BadInput, match="not the measurements that traffic/1 was trained on"):
        run_command("evaluate", "traffic", "--data", later())


def test_an_entity_never_seen_in_training_is_left_out_and_named(at_home, document, later, capsys):
    def rename(panel):
        return replace(panel, entities=(*panel.entities[:-1], "Z-99/in"))

    found = document("evaluate", "traffic", "--data", later(rename), "--split", "all")

    assert found["entities_left_out"] == ["Z-99/in"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            lambda panel: replace(panel, entities=tuple(f"Z-{i}" for i in range(6))),
            "knows none of the 6 entities, e.g. 'Z-0'",
            id="another city",
        ),
        pytest.param(
            lambda panel: replace(panel, quantity="speed_kmh"), "The file holds speed_kmh", id="another quantity"
        ),
        pytest.param(lambda panel: panel.window(0, 20), "20 steps are left to judge", id="too short"),
        pytest.param(lambda panel: replace(panel, step_min=30), "30 min", id="another step"),
    ],
)
def test_a_file_that_cannot_be_judged_is_refused(change, message, at_home, run_command, later, tmp_path):
    with pytest.raises(BadInput, match=message):
        run_command("evaluate", "traffic", "--data", later(change), "--split", "all", "--out", tmp_path / "p.parquet")
    assert not (tmp_path / "p.parquet").exists()


def test_a_model_of_another_domain_is_refused(home, make_artifact, run_command, city_file):
    make_artifact(home / "artifacts", name="lots", domain="parking")

    with pytest.raises(BadInput, match=r"lots is a model of parking, not of traffic.*haechi evaluate parking"):
        run_command("evaluate", "traffic", "--data", city_file, "--model", "lots")


def test_a_split_there_is_none_of_is_refused(at_home, run_command, city_file):
    with pytest.raises(UnknownName, match=r"no split 'tset'\. Did you mean 'test'"):
        run_command("evaluate", "traffic", "--data", city_file, "--split", "tset")


def test_predictions_into_a_folder_that_is_not_there_are_refused(at_home, run_command, city_file, tmp_path):
    with pytest.raises(BadInput, match="is not there"):
        run_command("evaluate", "traffic", "--data", city_file, "--out", tmp_path / "gone" / "p.parquet")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("--set", "horizon_step=3"), "Did you mean 'horizon_steps'", id="a setting there is none of"),
        pytest.param(("--set", "horizon_steps=x"), "horizon_steps='x' is not int", id="a setting of another type"),
        pytest.param(("--split", "0.5,0.5"), "is not three positive shares", id="a split of two"),
        pytest.param(("--split-at", "2023-01-01,2023-02-01"), "into three parts", id="a split outside"),
        pytest.param(("--split", "0.03,0.5,0.47"), "The train part has", id="a history too short"),
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


def test_a_horizon_of_many_steps_is_tracked(home, document, city_file):
    """MLflow takes a thousand metrics at once; six figures at each of 168 steps are more."""
    document("train", "traffic", "--data", city_file, "--quick", "--set", "horizon_steps=168")

    manifest = open_artifact(home / "artifacts" / "traffic" / "1", None)
    client, run = run_of(home, manifest)
    assert len(client.get_metric_history(run.info.run_id, "mae_by_step/linear")) == 168
    assert manifest.config["seasonal_lags_days"] == [7]


def test_a_graph_that_does_not_say_the_same_is_not_registered(home, run_command, city_file, monkeypatch):
    monkeypatch.setattr(Graph, "__call__", lambda _self, inputs: np.repeat(inputs["profile"][..., None], 3, axis=-1))

    with pytest.raises(HaechiError, match="Graph and model differ"):
        run_command("train", "traffic", "--data", city_file, "--quick")
    assert not list((home / "artifacts").glob("*/*"))


def test_a_sealed_folder_with_another_graph_would_open(own_home):
    """A seal vouches for what was there when it was sealed; only a signature says by whom."""
    folder = own_home / "artifacts" / "traffic" / "1"
    (folder / "CARD.md").write_text("# Another card\n")
    seal(folder, None)

    assert open_artifact(folder, None).version == 1
