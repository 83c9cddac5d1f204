"""Covariates that a user brings beside the measurements: read, reported, and joined to them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.clock import utc_times
from features.console import note, warn
from features.covariates import Covariates
from features.errors import BadInput
from features.series import Panel


def joined(panel: Panel, path: Path, timezone: str | None) -> Panel:
    """The panel with the covariates of ``path``; says on stderr what was found.

    Args:
        panel: measurements.
        path: a table of ``time``, maybe ``available_at``, and columns of numbers.
        timezone: IANA zone of times that carry none, or None.

    Raises:
        BadInput: a table that cannot be understood, or none of it lies where anything was measured.
    """
    # Imported here: whoever brings no covariates needs no reader of them.
    from features.tables.covariates import read_covariates

    covariates, findings = read_covariates(path, timezone=timezone, start=panel.start, step_min=panel.step_min)
    for line in findings.lines():
        note(line)
    times = utc_times(panel.start, panel.step_min, len(panel))
    known = float(np.isin(times, covariates.time).mean())
    if not known:
        raise BadInput(
            cause=f"{path} covers {covariates.time.min()} to {covariates.time.max()} UTC, and nothing of the "
            f"measurements from {panel.start.isoformat()} on",
            mend="Give the weather of the same days; check the zone (--timezone)",
        )
    _refuse_unknowable(path, covariates, times)
    note(f"covariates: {known:.0%} of the measured intervals have a row")
    return replace(panel, covariates=covariates)


def _refuse_unknowable(path: Path, covariates: Covariates, times: npt.NDArray[np.datetime64]) -> None:
    """Refuse a table of which nothing was available before the last measurement: no forecast could have seen it."""
    first = covariates.available_at.min()
    if first > times[-1]:
        raise BadInput(
            cause=f"{path}: nothing in it was available before {first} UTC, after everything measured",
            mend="Set available_at to when each row became known (a forecast's issue), or leave the column out",
        )


def joined_as_trained(panel: Panel, path: Path | None, timezone: str | None, names: tuple[str, ...]) -> Panel:
    """The panel with those covariates that a model was trained with.

    Args:
        panel: measurements.
        path: as in ``joined``; None where there are none, which every forecast will say.
        timezone: as in ``joined``.
        names: of the model's covariates.

    Raises:
        BadInput: as ``joined``; or the model looks at no covariates.
        UnknownName: the table lacks one.
    """
    if path is None:
        if names:
            warn(f"The model was trained with covariates ({', '.join(names)}) and is given none: add --covariates FILE")
        return panel
    if not names:
        raise BadInput(
            cause=f"--covariates {path} is given, and the model looks at no covariates",
            mend="Leave it out, or train a model with --covariates",
        )
    found = joined(panel, path, timezone).covariates
    return replace(panel, covariates=None if found is None else found.select(names))
