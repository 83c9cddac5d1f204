"""``haechi train cctv``, from options to what is printed."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import torch
from rich.console import Console
from rich.table import Table

from features import registry
from features.console import emit
from features.settings import load
from training.cctv.job import read_job
from training.cctv.run import Outcome, run
from training.options import TrainOptions
from training.publish import check_home

_THREADS = 2


def train(options: TrainOptions, *, as_json: bool) -> None:
    """Train the detector, publish it, and print its scores.

    Raises:
        HaechiError: names cause and mend; nothing is registered.
    """
    settings = load()
    job = read_job(options)
    check_home(settings)
    registry.versions(settings.home / "artifacts", job.name)
    # The same sums in the same order on every machine with two cores or more.
    torch.set_num_threads(_THREADS)
    cv2.setNumThreads(1)
    with TemporaryDirectory(prefix="haechi-") as scratch:
        outcome = run(job, settings, Path(scratch))
    emit(_document(outcome), as_json=as_json, render=lambda console: _render(console, outcome))


def _document(outcome: Outcome) -> dict[str, Any]:
    manifest = outcome.published.manifest
    return {
        "model": manifest.name,
        "version": manifest.version,
        "folder": str(outcome.published.folder),
        "champion": outcome.published.champion,
        "mlflow_run": manifest.mlflow_run,
        "simulated": manifest.simulated,
        "ap50": [
            {"on": one.on, "of": one.of, "ap50": None if math.isnan(one.ap50) else one.ap50, "truths": one.truths}
            for one in outcome.found
        ],
        "sha256": outcome.sha256,
        "size_bytes": outcome.size_bytes,
        "cpu_ms": round(outcome.cpu_ms, 2),
        "training_s": round(outcome.seconds, 1),
        "onnx_max_difference": outcome.parity,
        "config": manifest.config,
    }


def _render(console: Console, outcome: Outcome) -> None:
    manifest, published = outcome.published.manifest, outcome.published
    label = " [SIMULATED]" if manifest.simulated else ""
    table = Table(title=f"{manifest.name}/{manifest.version}, AP50{label}", title_justify="left")
    for heading in ("on", "of", "AP50", "to be found"):
        table.add_column(heading, justify="left" if heading in ("on", "of") else "right")
    for one in outcome.found:
        table.add_row(one.on, one.of, f"{one.ap50:.3f}", str(one.truths))
    console.print(table)
    size_mib = outcome.size_bytes / 2**20
    console.print(f"{outcome.cpu_ms:.1f} CPU-ms a picture, {size_mib:.1f} MiB, trained in {outcome.seconds:.0f} s")
    console.print(f"Registered {manifest.name}/{manifest.version} in {published.folder}", markup=False)
    console.print(f"To watch with it: haechi watch --detector {published.folder}/model.onnx ...", markup=False)
