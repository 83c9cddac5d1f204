"""Judges several published models on one file that none of them was trained on."""

from collections.abc import Sequence
from pathlib import Path

from features.console import note, progress, warn
from features.errors import BadInput
from features.manifest import Manifest
from features.tables import read_panel
from features.tables.columns import ReadOptions
from features.traffic.config import TrafficConfig
from training.covariates import joined_as_trained
from training.ledger import Ledger
from training.traffic.evaluate import evaluate


def rejudge(
    models: Sequence[tuple[Path, Manifest]],
    data: Sequence[Path],
    shape: str,
    reading: ReadOptions,
    covariates: Path | None = None,
) -> list[Ledger]:
    """The ledger of each model, folder and manifest, over the whole file; ``covariates`` go to those that take any.

    Raises:
        BadInput: the file holds another quantity, or a model learned from it.
    """
    panel, findings, _ = read_panel(data, shape, reading)
    for line in findings.lines():
        note(line)
    ledgers = []
    for folder, manifest in models:
        if panel.quantity != manifest.quantity:
            raise BadInput(
                cause=f"The file holds {panel.quantity}, {manifest.name}/{manifest.version} forecasts "
                f"{manifest.quantity}",
                mend="Name the right column with --value-col, or rename it",
            )
        names = TrafficConfig.from_json(manifest.config).covariates
        given = joined_as_trained(panel, covariates if names else None, reading.columns.timezone, names)
        with progress() as bar:
            found = evaluate(manifest, folder, given, whole=True, out=None, bar=bar)
        if found.left_out:
            warn(f"{len(found.left_out)} entities that {manifest.name} does not know are left out")
        ledgers.append(found.ledger)
    return ledgers
