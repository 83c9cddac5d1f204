"""How far a model's probabilities were off on each day of its test, and which of two models' less, beyond chance."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from features.atomic import writing
from features.errors import ArtifactMismatch, BadInput
from training.bootstrap import LEVEL, block_days, mean_interval
from training.compare import CANNOT_TELL, NO_DIFFERENCE, Verdict, verdict

TEST_LOSSES = "test_losses.json"
"""In the artifact folder: the losses of the test interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Squared differences of probabilities and what came, day by day of UTC.

    Attributes:
        of: what was forecast, in words, e.g. ``advisory, warning within 6 h``.
        horizon_min: how far one forecast reaches.
        first_day: of the test.
        outcomes_sha256: over what came, when and where: two models with the same were judged on the same.
        loss: (day,), summed over the forecasts that were issued then.
        count: (day,), forecasts.
    """

    of: str
    horizon_min: int
    first_day: date
    outcomes_sha256: str
    loss: tuple[float, ...]
    count: tuple[int, ...]

    @property
    def brier(self) -> float:
        """The mean over all forecasts (Brier 1950)."""
        return sum(self.loss) / max(sum(self.count), 1)


_LOSSES = TypeAdapter(Losses)


def save(losses: Losses, path: Path) -> None:
    """Write them as JSON.

    Raises:
        StorageFailure: the disk is full.
    """
    with writing(path) as partial:
        partial.write_bytes(_LOSSES.dump_json(losses))


def load(folder: Path) -> Losses:
    """The losses in an artifact folder that was checked.

    Raises:
        BadInput: it was made by a Haechi that kept none.
        ArtifactMismatch: the file holds something else.
    """
    path = folder / TEST_LOSSES
    if not path.is_file():
        raise BadInput(
            cause=f"{folder.parent.name}/{folder.name} holds no {TEST_LOSSES}: it was made by an older Haechi",
            mend="Train it again",
        )
    try:
        return _LOSSES.validate_json(path.read_bytes())
    except ValidationError as error:
        raise ArtifactMismatch(cause=f"{path} holds no losses: {error}", mend="Train the model again") from None


def compare(a: Losses, b: Losses, names: tuple[str, str], *, seed: int) -> tuple[Verdict, str]:
    """Which of two models is off less, and by how much, in a sentence.

    Args:
        a: of the one.
        b: of the other, on the same measurements.
        names: of both.
        seed: of the bootstrap.

    Raises:
        BadInput: they were not judged on the same; names what differs.
    """
    for what, one, other in (
        ("forecasts", f"of {a.of}", f"of {b.of}"),
        ("first day", str(a.first_day), str(b.first_day)),
        ("number of forecasts", str(sum(a.count)), str(sum(b.count))),
        ("outcomes", a.outcomes_sha256[:12], b.outcomes_sha256[:12]),
    ):
        if one != other:
            raise BadInput(
                cause=f"They were not judged on the same: {what} {one} and {other}",
                mend="Train both on the same file and split",
            )
    difference = np.array([a.loss]).T - np.array([b.loss]).T
    count = np.array([a.count], dtype=np.float64).T
    found = mean_interval(difference, count, block=block_days(len(a.loss), a.horizon_min), seed=seed)
    value, low, high = (float(one[0]) for one in (found.value, found.low, found.high))
    told = verdict(None, None) if np.isnan(low) else verdict(low, high)
    last = a.first_day + timedelta(days=len(a.loss) - 1)
    errs = f"Brier score {a.brier:.4g} and {b.brier:.4g} of {a.of}, {a.first_day} to {last}"
    between = f"{value:+.4g}, at {LEVEL:.0%} between {low:+.4g} and {high:+.4g}"
    if told == CANNOT_TELL:
        return told, f"{len(a.loss)} days are too few to tell {names[0]} from {names[1]} ({errs})"
    if told == NO_DIFFERENCE:
        return told, f"No difference beyond chance between {names[0]} and {names[1]}: {between} ({errs})"
    return told, f"{names[0]} errs {'less' if told == 'a' else 'more'} than {names[1]}: {between} ({errs})"
