"""What MLflow keeps of a training."""

import mlflow
import pytest

from features.artifact import open_artifact
from training.baselines import FOUR_WEEKS, LAST_VALUE, LAST_WEEK, PROFILE


def run_of(home, manifest):
    client = mlflow.MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    return client, client.get_run(manifest.mlflow_run)


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
    assert (int(version.version), version.run_id) == (1, run.info.run_id)
    logged = client.get_logged_model(version.source.split("/")[-1])
    signature = mlflow.models.Model.load(logged.artifact_location).signature
    assert [one.name for one in signature.inputs] == [spec.name for spec in manifest.inputs]
    assert [tuple(one.shape) for one in signature.outputs] == [(-1, 24, 3)]


def test_a_horizon_of_many_steps_is_tracked(home, document, city_file):
    """MLflow takes a thousand metrics at once; six figures at each of 168 steps are more."""
    document("train", "traffic", "--data", city_file, "--quick", "--set", "horizon_steps=168")

    manifest = open_artifact(home / "artifacts" / "traffic" / "1", None)
    client, run = run_of(home, manifest)
    assert len(client.get_metric_history(run.info.run_id, "mae_by_step/linear")) == 168
    assert manifest.config["seasonal_lags_days"] == [7]
