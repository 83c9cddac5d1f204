"""``haechi serve --models models:/traffic@champion``: MLflow's champion answers, and MLflow stays out of the server."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import mlflow
import psutil
import pytest

from features.errors import HaechiError
from serving import mirrored as mirroring
from serving.client import Client

CHAMPION = "models:/doubler@champion"


@pytest.fixture
def home(tmp_path, models):
    """A home whose MLflow keeps ``doubler`` 1 and 2; 1 is the champion."""
    home = tmp_path / "home"
    home.mkdir()
    client = mlflow.MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    experiment = client.create_experiment("haechi-doubler", artifact_location=str(home / "mlartifacts"))
    client.create_registered_model("doubler")
    for version in sorted(path.name for path in (models / "doubler").iterdir() if path.name.isdigit()):
        run = client.create_run(experiment).info
        client.log_artifacts(run.run_id, str(models / "doubler" / version), "artifact")
        made = client.create_model_version("doubler", source=run.artifact_uri, run_id=run.run_id)
        assert made.version == int(version) or made.version == version
    client.set_registered_model_alias("doubler", "champion", "1")
    return home
