"""What one run of an experiment came to, as ``result.json`` keeps it: all that RESULT.md says, and what compares."""

import json
import os
import platform
import resource
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from typing import Any

from features.errors import BadInput
from features.manifest import Manifest
from training.experiment.folder import RECORD, Experiment
from training.ledger import Ledger
from training.options import TrainOptions

_LIBRARIES = ("haechi", "numpy", "polars", "torch", "lightgbm", "onnx", "onnxruntime", "mlflow")
_KIB_PER_GIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run of an experiment.

    Attributes:
        question: that was asked.
        domain: of the model.
        model: ``NAME/VERSION``.
        mlflow_run: where it is tracked, or None.
        made_at: when, ISO 8601.
        commit: of the code, or None.
        seed: of every random choice.
        data: as the run file names it; empty where ``--data`` named it.
        data_sha256: of what was measured before the test.
        test_sha256: of what was measured in it.
        options: of ``haechi train``, by name, without the data.
        entities: how many.
        step_min: minutes of one step.
        unit: of the scores.
        simulated: whether anything measured is.
        interval: that was scored.
        issue_times: scored.
        scores: one row a forecaster, the model first.
        also: every other model of the same training: ``model``, its ``row`` of scores, ``coverage``, ``pinball``.
        shares: of the members that the model is made of.
        coverage: share inside the interval.
        aimed_coverage: what the interval is meant to hold.
        pinball: mean loss, in ``unit``.
        validation: what was tried before the test, with each figure.
        settings: the model's, chosen or set.
        versions: of Python and the libraries.
        seconds: that the training took, reading and judging included.
        peak_memory_gib: of this process.
        cores: that it was free to use.
    """

    question: str
    domain: str
    model: str
    mlflow_run: str | None
    made_at: str
    commit: str | None
    seed: int
    data: list[str]
    data_sha256: str
    test_sha256: str
    options: dict[str, Any]
    entities: int
    step_min: int
    unit: str
    simulated: bool
    interval: str
    issue_times: int
    scores: list[dict[str, Any]]
    also: list[dict[str, Any]]
    shares: dict[str, float]
    coverage: float
    aimed_coverage: float
    pinball: float
    validation: list[dict[str, Any]]
    settings: dict[str, Any]
    versions: dict[str, str]
    seconds: float
    peak_memory_gib: float
    cores: int

    @property
    def own(self) -> dict[str, Any]:
        """The model's row of the scores."""
        return self.scores[0]

    @property
    def best_baseline(self) -> dict[str, Any]:
        """The row of the baseline that errs least over all steps."""
        return min(self.scores[1:], key=lambda row: float(row["mae"]))

    def to_json(self) -> str:
        """The text of ``result.json``."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """Where a record's figures come from.

    Attributes:
        manifest: of the version that was published.
        ledger: of its errors on the test interval.
        names_data: whether the run file itself names the data.
        seconds: that the training took.
    """

    manifest: Manifest
    ledger: Ledger
    names_data: bool
    seconds: float


def recorded(experiment: Experiment, options: TrainOptions, found: dict[str, Any], source: Source) -> Record:
    """What a training said of itself, put on record.

    Args:
        experiment: that was run.
        options: of the training.
        found: what ``haechi train --json`` says.
        source: of everything else.
    """
    manifest = source.manifest
    return Record(
        question=options.question or experiment.folder.resolve().name,
        domain=experiment.domain,
        model=f"{manifest.name}/{manifest.version}",
        mlflow_run=manifest.mlflow_run,
        made_at=manifest.created_at.isoformat(timespec="seconds"),
        commit=manifest.git_commit,
        seed=options.seed,
        data=[str(path) for path in options.data] if source.names_data else [],
        data_sha256=manifest.learned.data_sha256,
        test_sha256=source.ledger.data_sha256,
        options={key: value for key, value in options.given.items() if key != "data"},
        entities=len(manifest.entities),
        step_min=manifest.step_min,
        unit=manifest.unit,
        simulated=manifest.simulated,
        interval=manifest.scores[0].interval,
        issue_times=found["issue_times_scored"],
        scores=found["scores"],
        also=[_beside(other) for other in found["also"]],
        shares=found["shares"],
        coverage=found["coverage"],
        aimed_coverage=source.ledger.meant,
        pinball=found["pinball"],
        validation=found["validation"],
        settings=found["config"] | options.config,
        versions=_versions(),
        seconds=source.seconds,
        peak_memory_gib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_GIB,
        cores=len(os.sched_getaffinity(0)),
    )


def read_record(experiment: Experiment) -> Record:
    """The last run of an experiment.

    Raises:
        BadInput: it was never run, or its record is damaged.
    """
    path = experiment.folder / RECORD
    again = f"haechi experiment run {experiment.folder}"
    if not path.is_file():
        raise BadInput(cause=f"{experiment.folder} was never run", mend=f"Run: {again}")
    try:
        return Record(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise BadInput(cause=f"{path} is damaged: {error}", mend=f"Run it again: {again}") from None


def _beside(other: dict[str, Any]) -> dict[str, Any]:
    model = f"{other['model']}/{other['version']}"
    return {"model": model, "row": other["scores"][0], "coverage": other["coverage"], "pinball": other["pinball"]}


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = installed_version(name)
        except PackageNotFoundError:
            continue
    return found
