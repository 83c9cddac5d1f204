"""What a hazard's probabilities lost on each day, at the horizon of its alarms."""

import hashlib
from datetime import date

import numpy as np
import numpy.typing as npt

from features.disaster.config import DisasterConfig
from training.disaster.sample import Said, Sample
from training.losses import Losses


def losses(
    said: Said, sample: Sample, rows: npt.NDArray[np.bool_], places: tuple[str, ...], config: DisasterConfig
) -> Losses:
    """Squared differences over all places and levels, of the probability that a level is met within ``alarm_h``.

    Args:
        said: of every row.
        sample: of the same rows.
        rows: (row,), which are judged; at least one.
        places: of the sample, in their order.
        config: of the hazard.
    """
    hazard = config.hazard
    at = hazard.horizons_h.index(hazard.alarm_h)
    times, place = sample.labels.times[sample.issue[rows]], sample.place[rows]
    came = sample.within[rows, :, at].astype(np.float64)
    squared = (said.within[rows, :, at].astype(np.float64) - came) ** 2
    known = ~np.isnan(squared)
    days = times.astype("datetime64[D]")
    day = (days - days.min()).astype(np.int64)
    names = [level.name for level in hazard.levels]
    judged = hashlib.sha256(repr((places, names)).encode())
    for array in (times.astype("datetime64[s]").astype(np.int64), place, np.where(known, came, -1).astype(np.int8)):
        judged.update(np.ascontiguousarray(array).tobytes())
    return Losses(
        of=f"{', '.join(names)} within {hazard.alarm_h} h",
        horizon_min=60 * hazard.alarm_h,
        first_day=date.fromisoformat(str(days.min())),
        outcomes_sha256=judged.hexdigest(),
        loss=tuple(np.bincount(day, weights=np.nansum(squared, axis=1)).tolist()),
        count=tuple(np.bincount(day, weights=known.sum(axis=1)).astype(int).tolist()),
    )
