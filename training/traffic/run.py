"""One training from measurements to a published version: train, export, judge the export, draw, track, publish."""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path

import numpy as np
from rich.progress import Progress

from features import artifact
from features.console import progress
from features.errors import BadInput
from features.manifest import Manifest, TrainingInterval, schema_sha256
from features.self_test import SelfTest, save_rows
from features.series import FloatArray, Panel, unit_of
from features.settings import Settings
from features.traffic import schema
from features.traffic.config import TrafficConfig
from features.traffic.state import save
from training.card import card
from training.export import Graph, check_parity
from training.ledger import Ledger
from training.ledger_file import TEST_ERRORS
from training.ledger_file import save as save_ledger
from training.provenance import covariates_sha256, data_sha256, git_commit
from training.publish import Published, publish
from training.scores import Scoreboard
from training.split import Split
from training.track import RunRecord
from training.traffic.compose import export_blend
from training.traffic.draw import draw
from training.traffic.fit import Ridge
from training.traffic.guard import Inputs, export_fallback, parity_rows, self_test, self_test_rows
from training.traffic.judge import Judged, judge
from training.traffic.recipe import Recipe
from training.traffic.select import Gains
from training.traffic.train import Candidates, Trained, train

TEST_STATE = "test_state.parquet"
"""The state at the start of the test interval, from which ``haechi evaluate --split test`` replays."""


FAST = "-fast"
"""What the name of the model without trees ends in."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingJob:
    """What to train on and how.

    Attributes:
        name: of the most accurate model; one without trees takes the name with ``-fast``.
        panel: measurements of every entity that is to be forecast.
        split: by time.
        config: of the features.
        recipe: the members and their settings.
        seed: of every random choice.
        gains: of the profile, to choose from on validation; none keeps the config's.
        ridges: shrinkages to choose from.
        simulated: whether the measurements are.
        positions: (entity,) latitude and longitude in degrees, or None.
    """

    name: str
    panel: Panel
    split: Split
    config: TrafficConfig
    recipe: Recipe
    seed: int
    gains: tuple[Gains, ...]
    ridges: tuple[Ridge, ...]
    simulated: bool
    positions: tuple[FloatArray, FloatArray] | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """A published version with its scores.

    Attributes:
        published: the version and its folder.
        scores: on the test interval, of the exported graph.
        ledger: of the same forecasts.
        trained: the model and what was tried.
        parity: largest difference between module and graph.
    """

    published: Published
    scores: Scoreboard
    ledger: Ledger
    trained: Trained
    parity: float


def run(job: TrainingJob, settings: Settings, scratch: Path) -> tuple[Outcome, ...]:
    """Train, judge and publish: the most accurate model first, then, where it has trees, the one without.

    Args:
        job: what to train on and how.
        settings: where to publish.
        scratch: an empty folder for graphs and pictures.

    Raises:
        HaechiError: cannot be trained, exported or published; what was not published yet is not registered.
    """
    started_at = datetime.now(UTC)
    with progress() as bar:
        tried = Candidates(gains=job.gains, ridges=job.ridges)
        found = train(job.panel, job.split, job.config, job.recipe, job.seed, bar, tried)
        judged = []
        for number, trained in enumerate(found):
            # The first model's pictures lie where whoever asked for the training looks for them.
            folder = scratch if not number else scratch / str(number)
            folder.mkdir(exist_ok=True)
            judged.append(_judged(job, trained, folder, bar))
    names = (job.name, f"{job.name}{FAST}")
    return tuple(
        _published(replace(job, name=name), one, started_at, settings) for name, one in zip(names, judged, strict=False)
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Exported:
    """A model with its graph and fallback in ``folder``, and how that did."""

    trained: Trained
    folder: Path
    parity: float
    judged: Judged
    test_rows: Inputs
    self_test: SelfTest

    @property
    def graph(self) -> Path:
        return self.folder / artifact.MODEL


def _judged(job: TrainingJob, trained: Trained, folder: Path, bar: Progress) -> _Exported:
    unit, path = unit_of(job.panel.quantity), folder / artifact.MODEL
    native = export_blend(trained.blend, trained.config, unit, path)
    graph = Graph(path)
    now = job.split.test + min(24, job.split.end - job.split.test)
    cases = parity_rows(job.panel, trained.state, trained.config, now, job.seed)
    parity = check_parity(native, graph, cases)
    export_fallback(trained.config, unit, folder / artifact.FALLBACK)
    rows = self_test_rows(cases["held out"])
    tried = self_test(rows, graph, Graph(folder / artifact.FALLBACK), trained.config, unit)
    scores = Scoreboard(model=trained.name, quantiles=trained.config.quantiles, unit=unit)
    interval = range(job.split.test, job.split.end)
    judged = judge(graph, trained.state, job.panel, interval, trained.config, scores, bar)
    if not scores.count.sum():
        raise BadInput(cause="No target in the test interval was measured", mend="Choose another --split")
    return _Exported(trained=trained, folder=folder, parity=parity, judged=judged, test_rows=rows, self_test=tried)


def _published(job: TrainingJob, one: _Exported, started_at: datetime, settings: Settings) -> Outcome:
    trained, judged = one.trained, one.judged
    config, unit, scores = trained.config, unit_of(job.panel.quantity), judged.scores
    record = RunRecord(
        name=job.name,
        started_at=started_at,
        parameters=_parameters(job, trained),
        metrics=(*scores.metrics(), *((name, value, 0) for name, value in _extra(trained, one.parity).items())),
        pictures=draw(judged, job.panel, config, job.positions, one.folder / "pictures", simulated=job.simulated),
        graph=one.graph,
        inputs=schema.inputs(config, unit),
        outputs=schema.outputs(config, unit),
    )

    def write(folder: Path, version: int, mlflow_run: str | None) -> None:
        manifest = _manifest(job, one, version, mlflow_run)
        for name in (artifact.MODEL, artifact.FALLBACK):
            (folder / name).write_bytes((one.folder / name).read_bytes())
        save_rows(one.test_rows, folder / artifact.SELF_TEST)
        (folder / artifact.MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        (folder / artifact.CARD).write_text(
            card(manifest, scores.table(), judged.ledger, _notes(job, trained, scores), _how(trained)), encoding="utf-8"
        )
        save(judged.state, folder / artifact.STATE)
        save(trained.state, folder / TEST_STATE)
        save_ledger(judged.ledger, folder / TEST_ERRORS)

    published = publish(record, write, settings)
    return Outcome(published=published, scores=scores, ledger=judged.ledger, trained=trained, parity=one.parity)


def _manifest(job: TrainingJob, one: _Exported, version: int, mlflow_run: str | None) -> Manifest:
    panel, split, config = job.panel, job.split, one.trained.config
    unit = unit_of(panel.quantity)
    ins, outs = schema.inputs(config, unit), schema.outputs(config, unit)
    learned = panel.window(0, split.test)
    return Manifest(
        format=2,
        domain="traffic",
        name=job.name,
        version=version,
        created_at=datetime.now(UTC),
        git_commit=git_commit(),
        mlflow_run=mlflow_run,
        minimum_runtime=installed_version("haechi"),
        inputs=ins,
        outputs=outs,
        entities=panel.entities,
        quantity=panel.quantity,
        unit=unit,
        step_min=config.step_min,
        horizon_steps=config.horizon_steps,
        quantiles=config.quantiles,
        timezone=config.timezone,
        country=config.country,
        feature_schema_sha256=schema_sha256(ins, outs),
        training=TrainingInterval(
            start=panel.start,
            end=panel.time(split.test),
            rows=int((~np.isnan(learned.values)).sum()),
            data_sha256=data_sha256(learned),
        ),
        scores=one.judged.scores.to_manifest(_interval(job)),
        config=config.to_json(),
        state_as_of=one.judged.state.as_of,
        simulated=job.simulated,
        self_test=one.self_test,
        non_finite="refuse",
        limits=one.trained.limits,
        fallback=artifact.FALLBACK,
        deciles=one.trained.deciles,
    )


def _parameters(job: TrainingJob, trained: Trained) -> dict[str, str]:
    settings = {name: str(value) for name, value in trained.config.to_json().items()}
    return settings | {
        "model": trained.name,
        **{f"share_{name}": str(share) for name, share in trained.shares.items()},
        **{name: str(value) for name, value in job.recipe.to_json().items()},
        **{f"ridge_{name}": str(value) for name, value in asdict(trained.ridge).items()},
        "seed": str(job.seed),
        "entities": str(len(job.panel.entities)),
        "quantity": job.panel.quantity,
        "data_sha256": data_sha256(job.panel.window(0, job.split.test)),
        **covariates_sha256(job.panel),
        "git_commit": git_commit() or "unknown",
        "test_interval": _interval(job),
        "simulated": str(job.simulated),
    }


def _extra(trained: Trained, parity: float) -> dict[str, float]:
    tried = {f"validation_mae/{one.what}_{number}": one.validation_mae for number, one in enumerate(trained.choices)}
    return tried | {"validation_coverage": trained.validation_coverage, "onnx_max_difference": parity}


def _notes(job: TrainingJob, trained: Trained, scores: Scoreboard) -> list[str]:
    return [
        f"Rolling origin over the test interval, refit never: {_interval(job)}, the state and the interval advanced as "
        "live would have advanced them.",
        f"The {trained.config.interval:.0%} interval holds {scores.coverage():.1%} of the measured values.",
        f"Mean pinball loss: {scores.mean_pinball():.2f} {scores.unit}.",
    ]


_HOW = {
    "linear": "a linear function of those errors, the same for every entity",
    "network": "a small residual network that also knows who and when",
    "trees": "boosted trees, a set for each group of steps",
}


def _how(trained: Trained) -> list[str]:
    parts = "; ".join(f"{_HOW[name]} ({share:.0%})" for name, share in trained.shares.items() if share)
    return [
        "An adaptive profile by day type and time of day is corrected by what the entity, those that err like it and",
        f"the whole city lately erred: {parts}.",
        "The interval follows the model's own recent misses.",
        *_looks_at(trained.config),
    ]


def _looks_at(config: TrafficConfig) -> list[str]:
    names = ", ".join(config.covariates)
    return [f"It also looks at {names}, as far as they are known when a forecast is issued."] if names else []


def _interval(job: TrainingJob) -> str:
    first, last = job.panel.time(job.split.test), job.panel.time(job.split.end)
    return f"test {first:%Y-%m-%dT%H:%MZ}..{last:%Y-%m-%dT%H:%MZ}"
