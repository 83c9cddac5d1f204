"""Runs an experiment: trains what its run file asks for and writes what came out."""

import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from features.artifact import open_artifact
from features.atomic import writing
from features.errors import BadInput
from training.experiment.folder import ERRORS, PICTURES, RECORD, RESULT, Experiment
from training.experiment.parts import joined, own_text
from training.experiment.record import Record, Source, recorded
from training.experiment.report import markdown
from training.ledger_file import TEST_ERRORS, load
from training.options import TrainOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run that is written down.

    Attributes:
        record: what came out.
        pictures: names of files in the folder ``pictures``.
    """

    record: Record
    pictures: list[str]


def run(experiment: Experiment, options: TrainOptions, *, named: bool) -> Ran:
    """Train, then write what came out; before the training has ended nothing in the folder changes.

    Args:
        experiment: to run.
        options: of its run file.
        named: whether the run file itself names the data.

    Raises:
        HaechiError: cannot be trained, or RESULT.md has no place for what comes out; a former result is as it was.
    """
    result, folder = experiment.folder / RESULT, experiment.folder
    if not os.access(folder, os.W_OK):
        raise BadInput(cause=f"{folder} cannot be written", mend="Make it yours, or copy its run.toml elsewhere")
    question = options.question or folder.resolve().name
    own_text(result, question)
    command, began = import_module(f"training.{experiment.domain}.commands"), monotonic()
    with TemporaryDirectory(prefix="haechi-") as scratch:
        found = command.experiment(options, Path(scratch))
        artifact = Path(found["folder"])
        manifest, ledger = open_artifact(artifact, None), load(artifact / TEST_ERRORS)
        source = Source(manifest=manifest, ledger=ledger, names_data=named, seconds=monotonic() - began)
        record = recorded(experiment, options, found, source)
        pictures = _keep(Path(scratch, PICTURES), folder / PICTURES)
    # Read again: a training takes minutes, in which its author may have written.
    before, after = own_text(result, question)
    _write(folder / ERRORS, (artifact / TEST_ERRORS).read_bytes())
    _write(folder / RECORD, record.to_json().encode())
    # As bytes: the line ends of whoever wrote the rest stay.
    _write(result, joined(before, markdown(experiment, record, ledger, pictures), after).encode())
    return Ran(record=record, pictures=pictures)


def _keep(drawn: Path, folder: Path) -> list[str]:
    """Copy the pictures of this run, each whole or not at all."""
    names = sorted(path.name for path in drawn.glob("*.png"))
    folder.mkdir(exist_ok=True)
    for name in names:
        _write(folder / name, (drawn / name).read_bytes())
    return names


def _write(path: Path, content: bytes) -> None:
    with writing(path) as partial:
        partial.write_bytes(content)
