"""A model as it would have been published at an origin: fitted on what was known then, exported, with its state."""

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from rich.progress import Progress

from features.series import unit_of
from features.traffic.config import TrafficConfig
from features.traffic.state import TrafficState
from training.export import Graph
from training.traffic.compose import export_blend
from training.traffic.fit import Ridge
from training.traffic.known import Past
from training.traffic.replay import Predict
from training.traffic.run import TrainingJob
from training.traffic.train import Candidates, train


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """What was fitted at an origin.

    Attributes:
        name: of the kind of model.
        predict: the exported graph, as serving runs it.
        config: of its features.
        ridge: its shrinkage.
        state: as of the origin.
        values: measured and known before the origin.
        took_s: to fit and export.
    """

    name: str
    predict: Predict
    config: TrafficConfig
    ridge: Ridge
    state: TrafficState
    values: int
    took_s: float


def fit_before(job: TrainingJob, graph: Path, bar: Progress) -> Fitted:
    """Train on what was known when the test interval of ``job`` began: nothing else is handed on.

    Args:
        job: its measurements may go on behind the origin.
        graph: the file to export into.
        bar: shows steps done and time left.

    Raises:
        BadInput: too little lies before the origin.
    """
    started = perf_counter()
    torch.manual_seed(job.seed)
    known = Past.of(job.panel, job.config).known(job.panel.start, job.split.test)
    tried = Candidates(gains=job.gains, ridges=job.ridges)
    trained = train(known, job.split, job.config, job.recipe, job.seed, bar, tried)[0]
    export_blend(trained.blend, trained.config, unit_of(known.quantity), graph)
    return Fitted(
        name=trained.name,
        predict=Graph(graph),
        config=trained.config,
        ridge=trained.ridge,
        state=trained.state,
        values=int((~np.isnan(known.values)).sum()),
        took_s=perf_counter() - started,
    )
