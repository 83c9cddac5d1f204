"""Judges several published models on one file that none of them was trained on."""

from collections.abc import Sequence
from pathlib import Path

from features.console import progress
from features.errors import BadInput
from features.manifest import Manifest
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
    """The ledger of each model, folder and manifest, over the whole file.

    Raises:
        BadInput: the file cannot be understood, or a model learned from it.
    """
    if covariates is not None:
        raise BadInput(cause="--covariates is not of parking", mend="Leave it out")
    ledgers = []
    for model in models:
        with progress() as bar:
            found = evaluate(model, data, shape, reading, entities=None, whole=True, out=None, bar=bar)
        ledgers.append(found.judgement.ledger)
    return ledgers
