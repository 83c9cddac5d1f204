"""Judges several published models on one file that none of them was trained on."""

from collections.abc import Sequence
from pathlib import Path

from features.console import progress
from features.manifest import Manifest
from features.parking.config import ParkingConfig
from features.tables.columns import ReadOptions
from training.ledger import Ledger
from training.parking.evaluate import evaluate


def rejudge(
    models: Sequence[tuple[Path, Manifest]],
    data: Sequence[Path],
    shape: str,
    reading: ReadOptions,
    covariates: Path | None = None,
) -> list[Ledger]:
    """The ledger of each model, folder and manifest, over the whole file; ``covariates`` go to those that take any.

    Raises:
        BadInput: the file cannot be understood, or a model learned from it.
    """
    ledgers = []
    for model in models:
        given = covariates if ParkingConfig.from_json(dict(model[1].config)).covariates else None
        with progress() as bar:
            found = evaluate(
                model, data, shape, reading, entities=None, whole=True, out=None, bar=bar, covariates=given
            )
        ledgers.append(found.judgement.ledger)
    return ledgers
