"""Persistence as a probability: how often a level was met after the quantity stood where it stands now."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.atomic import writing
from features.disaster.config import DisasterConfig
from features.errors import BadInput
from training.disaster.model import targets_of
from training.disaster.sample import Said, Sample

FloatArray = npt.NDArray[np.float64]

BINS = "bins.npz"
"""In the artifact folder: the table that ``haechi evaluate`` judges beside the model."""

_SHARES = (*np.arange(0.05, 1.0, 0.05).round(2).tolist(), 0.97, 0.98, 0.99, 0.995, 0.998)
_ARRAYS = ("edges", "within", "met")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bins:
    """A table of chances by what is compared with a level's threshold, now.

    Attributes:
        edges: (level, edge), rising, in the unit of what is compared.
        within: (level, horizon, bin), chance that the level is met at any time up to then.
        met: (level, horizon, bin), that it is met then.
    """

    edges: FloatArray
    within: FloatArray
    met: FloatArray

    def said(self, sample: Sample, config: DisasterConfig) -> Said:
        """What the table says of every row; NaN where nobody knows how things stand, and of the quantity."""
        within, met = (np.full((len(sample), *each.shape[:2]), np.nan, np.float32) for each in (self.within, self.met))
        for level, value in enumerate(_values(sample, config)):
            known = ~np.isnan(value)
            at = np.searchsorted(self.edges[level], value[known], side="right")
            within[known, level], met[known, level] = self.within[level][:, at].T, self.met[level][:, at].T
        nothing = np.full((len(sample), len(config.horizons_steps), 1), np.nan, dtype=np.float32)
        return Said(level=nothing, within=within, met=met)

    def save(self, path: Path) -> None:
        """Write the table.

        Raises:
            StorageFailure: the disk is full.
        """
        with writing(path) as partial, partial.open("wb") as file:
            np.savez(file, **{name: getattr(self, name) for name in _ARRAYS})


def fit_bins(sample: Sample, rows: npt.NDArray[np.bool_], config: DisasterConfig) -> Bins:
    """The table of the rows ``rows``; each bin is drawn to the mean by one row.

    Args:
        sample: all rows.
        rows: (row,), those learned from.
        config: of the hazard.
    """
    values = _values(sample, config)
    edges = np.stack(
        [_edges(value[rows], threshold) for value, threshold in zip(values, _thresholds(config), strict=True)]
    )
    shape = len(edges), len(config.horizons_steps), edges.shape[1] + 1
    chances = []
    for came in (sample.within, sample.met):
        found = np.zeros(shape)
        for level, value in enumerate(values):
            bins = np.searchsorted(edges[level], value, side="right")
            for horizon in range(shape[1]):
                own = came[:, level, horizon].astype(np.float64)
                known = rows & ~np.isnan(value) & ~np.isnan(own)
                count = np.bincount(bins[known], minlength=shape[2])
                hits = np.bincount(bins[known], weights=own[known], minlength=shape[2])
                found[level, horizon] = (hits + hits.sum() / max(count.sum(), 1)) / (count + 1)
        chances.append(found)
    return Bins(edges=edges, within=chances[0], met=chances[1])


def load_bins(folder: Path) -> Bins:
    """The table in an artifact folder that was checked.

    Raises:
        BadInput: it was made by a Haechi that kept none.
    """
    path = folder / BINS
    if not path.is_file():
        raise BadInput(
            cause=f"{folder.parent.name}/{folder.name} holds no {BINS}: it was made by an older Haechi",
            mend="Train it again",
        )
    with np.load(path, allow_pickle=False) as arrays:
        return Bins(**{name: arrays[name] for name in _ARRAYS})


def _values(sample: Sample, config: DisasterConfig) -> list[FloatArray]:
    """Of each level: (row,), what is compared with its threshold, NaN where it is not known."""
    found: dict[int, FloatArray] = {}
    for number, group in enumerate(targets_of(config).groups):
        value = np.asarray(sample.inputs["value"], dtype=np.float64)[:, number]
        known = np.asarray(sample.inputs["value_mask"], dtype=np.bool_)[:, number]
        found |= dict.fromkeys(group.levels, np.where(known, value, np.nan))
    return [found[level] for level in range(len(config.hazard.levels))]


def _thresholds(config: DisasterConfig) -> list[float]:
    found: dict[int, float] = {}
    for group in targets_of(config).groups:
        found |= dict(zip(group.levels, group.thresholds, strict=True))
    return [found[level] for level in range(len(config.hazard.levels))]


def _edges(values: FloatArray, threshold: float) -> FloatArray:
    """Evenly many readings in most bins, finer ones at both ends, and the threshold itself."""
    known = values[~np.isnan(values)]
    shares = sorted({*_SHARES, *(round(1 - share, 3) for share in _SHARES)})
    return np.sort(np.append(np.quantile(known, shares) if len(known) else np.zeros(len(shares)), threshold))
