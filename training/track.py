"""Runs, metrics, pictures and versions in MLflow; beside ``mlflow_source``, which reads, the only one to import it."""

import json
import logging
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from features.errors import StorageFailure
from features.manifest import TensorSpec

_URI = "MLFLOW_TRACKING_URI"
_SAID_CHARACTERS = 300
_PARTIAL = ".mlflow-"
# What MLflow takes at once.
_BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What one training leaves behind.

    Attributes:
        name: of the model.
        started_at: aware.
        parameters: settings, data hash, commit.
        metrics: every figure: name, value and step, 0 where it has none.
        pictures: a folder of PNG files.
        graph: the ONNX file.
        inputs: of the graph.
        outputs: of the graph.
    """

    name: str
    started_at: datetime
    parameters: Mapping[str, str]
    metrics: tuple[tuple[str, float, int], ...]
    pictures: Path
    graph: Path
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


def check_chosen_store(home: Path) -> None:
    """Refuse a store that ``MLFLOW_TRACKING_URI`` names and that does not answer.

    Raises:
        StorageFailure: says what came back.
    """
    if tracking_is_installed() and os.environ.get(_URI):
        Tracker(home).check()


def told_store() -> str | None:
    """The store that ``MLFLOW_TRACKING_URI`` names; None where it names none."""
    return os.environ.get(_URI) or None


def own_store(home: Path) -> str:
    """The address of the store that a home keeps for itself."""
    return _sqlite(home.resolve() / "mlflow.db")


def tracking_is_installed() -> bool:
    """Whether MLflow is there; without it training goes on and says that it is not tracked."""
    return find_spec("mlflow") is not None


@contextmanager
def _in_words() -> Iterator[None]:
    """What MLflow's store refuses, with cause and mend."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        lines = str(error).splitlines()
        said = next((line for line in lines if "Error)" in line), lines[0])
        # An address may carry a password.
        said = re.sub(r"//[^/@\s]*@", "//", said)[:_SAID_CHARACTERS]
        raise StorageFailure(
            cause=f"MLflow did not take it: {said}",
            mend="Make room on the disk of HAECHI_HOME, or mend MLFLOW_TRACKING_URI, and run it again",
        ) from None


class Tracker:
    """MLflow's store: SQLite in ``HAECHI_HOME``, or the server that ``MLFLOW_TRACKING_URI`` names.

    Raises:
        StorageFailure: the store is full, broken or not to be reached; any method may.
    """

    @_in_words()
    def __init__(self, home: Path) -> None:
        # Its own seven times, each twice as long after the last, are four minutes of silence.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        # stdout is for the command's answer.
        os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
        import mlflow

        # Its migrations and its advice are not the user's concern, and its errors are raised as well; importing it
        # sets its own level.
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._mlflow = mlflow
        self._home = home.resolve()
        own = self._home / "mlflow.db"
        asked = os.environ.get(_URI)
        uri = asked or _sqlite(own)
        self._is_own = uri == _sqlite(own)
        if self._is_own and not own.exists():
            self._set_up(own)
        mlflow.set_tracking_uri(uri)
        if not asked:
            # It writes the environment too, where it would bind the next home of this process to this one's store.
            os.environ.pop(_URI, None)
        self._client = mlflow.MlflowClient(uri)

    def _set_up(self, store: Path) -> None:
        """MLflow's tables, all or none: killed amid its migrations it would leave a store that never opens again."""
        for killed in store.parent.glob(f"{_PARTIAL}*"):
            shutil.rmtree(killed)
        partial = Path(mkdtemp(prefix=_PARTIAL, dir=store.parent))
        self._mlflow.MlflowClient(_sqlite(partial / store.name))
        (partial / store.name).rename(store)
        partial.rmdir()

    @_in_words()
    def check(self) -> None:
        """Ask the store anything, to know that it answers."""
        self._client.search_experiments(max_results=1)

    @_in_words()
    def record(self, run: RunRecord) -> str:
        """Log a whole run; returns its id."""
        name = f"{run.name} {run.started_at:%m-%d %H:%M}"
        run_id = self.open_run(f"haechi-{run.name}", name, run.started_at, run.parameters)
        self.log(run_id, run.metrics, {}, run.pictures)
        return run_id

    @_in_words()
    def register(self, run: RunRecord, run_id: str, *, above: int) -> int:
        """Log the graph as a model with its signature and take the next version, above all that have a folder."""
        import onnx

        mlflow = self._mlflow
        with mlflow.start_run(run_id=run_id):
            logged = mlflow.onnx.log_model(
                onnx.load(run.graph),
                name="model",
                signature=_signature(run),
                # Named here, so that MLflow need not find them out by running the model.
                pip_requirements=[f"onnxruntime=={installed_version('onnxruntime')}"],
            )
        if not self._client.search_registered_models(f"name = '{run.name}'"):
            self._client.create_registered_model(run.name)
        while True:
            created = self._client.create_model_version(
                run.name, source=logged.model_uri, run_id=run_id, model_id=logged.model_id
            )
            if int(created.version) > above:
                return int(created.version)
            # A model trained where MLflow was not installed holds this number already.
            self._client.delete_model_version(run.name, created.version)

    @_in_words()
    def attach(self, run_id: str, folder: Path) -> None:
        """Keep the finished artifact with its run."""
        self._client.log_artifacts(run_id, str(folder), "artifact")

    @_in_words()
    def set_aliases(self, name: str, chosen: Mapping[str, int]) -> None:
        """Point aliases at their versions; one that was made where MLflow was not installed has none here."""
        known = {int(one.version) for one in self._client.search_model_versions(f"name = '{name}'")}
        for alias, version in chosen.items():
            if version in known:
                self._client.set_registered_model_alias(name, alias, str(version))
            elif known:
                self._client.delete_registered_model_alias(name, alias)

    @_in_words()
    def tag_promotion(self, name: str, version: int, record: Mapping[str, Any]) -> None:
        """Keep with a version how it became the champion last; one that was made without MLflow is not here."""
        if any(int(one.version) == version for one in self._client.search_model_versions(f"name = '{name}'")):
            self._client.set_model_version_tag(name, str(version), "promotion", json.dumps(record, ensure_ascii=False))

    @_in_words()
    def forget_unfinished(self, name: str, finished: tuple[int, ...]) -> list[int]:
        """Drop versions that a killed registration left without a folder; returns them.

        Only where this home's own store is used: a shared one holds versions whose folders lie in other homes.
        """
        if not self._is_own:
            return []
        found = self._client.search_model_versions(f"name = '{name}'")
        unfinished = sorted(int(one.version) for one in found if int(one.version) not in finished)
        for version in unfinished:
            self._client.delete_model_version(name, str(version))
        return unfinished

    @_in_words()
    def open_run(
        self, experiment: str, name: str, started_at: datetime, parameters: Mapping[str, str], parent: str | None = None
    ) -> str:
        """Begin a run that is logged to bit by bit, below ``parent`` where there is one; returns its id."""
        tags = {} if parent is None else {"mlflow.parentRunId": parent}
        created = self._client.create_run(
            self._experiment(experiment), start_time=_milliseconds(started_at), run_name=name, tags=tags
        )
        run_id: str = created.info.run_id
        param = self._mlflow.entities.Param
        self._client.log_batch(run_id, params=[param(key, value[:5000]) for key, value in parameters.items()])
        return run_id

    @_in_words()
    def has_run(self, run_id: str) -> bool:
        """Whether the store, perhaps another than once, knows a run."""
        from mlflow.exceptions import MlflowException

        try:
            self._client.get_run(run_id)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return False
            raise
        return True

    @_in_words()
    def log(
        self,
        run_id: str,
        metrics: Iterable[tuple[str, float, int]],
        tags: Mapping[str, str],
        pictures: Path | None = None,
    ) -> None:
        """Add metrics (name, value, step), tags and a folder of pictures to a run."""
        entities = self._mlflow.entities
        logged = [entities.Metric(key, value, 0, step) for key, value, step in metrics if np.isfinite(value)]
        self._client.log_batch(run_id, tags=[entities.RunTag(key, value[:5000]) for key, value in tags.items()])
        for first in range(0, len(logged), _BATCH):
            self._client.log_batch(run_id, metrics=logged[first : first + _BATCH])
        if pictures is not None:
            self._client.log_artifacts(run_id, str(pictures), "pictures")

    @_in_words()
    def close_run(self, run_id: str, status: str, ended_at: datetime) -> None:
        """End a run: FINISHED, FAILED or KILLED."""
        self._client.set_terminated(run_id, status, end_time=_milliseconds(ended_at))

    def _experiment(self, name: str) -> str:
        known = self._client.get_experiment_by_name(name)
        if known is not None:
            found: str = known.experiment_id
            return found
        store = str(self._home / "mlartifacts") if self._is_own else None
        created: str = self._client.create_experiment(name, artifact_location=store)
        return created


def _milliseconds(when: datetime) -> int:
    return int(when.timestamp() * 1000)


def _sqlite(path: Path) -> str:
    return f"sqlite:///{path}"


def _signature(run: RunRecord) -> object:
    from mlflow.models import ModelSignature
    from mlflow.types import Schema
    from mlflow.types import TensorSpec as MlflowTensor

    def schema(specs: tuple[TensorSpec, ...]) -> Schema:
        return Schema(
            [
                MlflowTensor(
                    np.dtype(spec.dtype), tuple(-1 if isinstance(axis, str) else axis for axis in spec.shape), spec.name
                )
                for spec in specs
            ]
        )

    return ModelSignature(inputs=schema(run.inputs), outputs=schema(run.outputs))
