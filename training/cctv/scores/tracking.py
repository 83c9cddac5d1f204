"""How well identities are kept: MOTA, IDF1 and HOTA, sums of which add up over films.

Written here, as no kept library fits: motmetrics 1.4.0 (2022) calls what NumPy 2 has removed and lacks HOTA; trackeval
1.3.0 brings a second ``cv2`` and pycocotools. On random tracks the three figures equal trackeval's to six digits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from features.cctv.detections import iou

FloatArray = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
_Sums = npt.NDArray[np.float64]

_OVERLAP = 0.5
_ALPHAS = np.arange(0.05, 0.99, 0.05)
_STICKS = 1000.0
"""What it is worth to keep an identity: above any overlap."""
_EXACTLY = np.finfo(np.float32).eps


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One frame: who is truly there, and who is followed.

    Attributes:
        true_id: (truth,).
        true_px: (truth, 4), left, top, right, bottom.
        counts: (truth,), whether they must be followed; who follows one of the others is neither right nor wrong.
        track_id: (track,).
        track_px: (track, 4).
    """

    true_id: Numbers
    true_px: FloatArray
    counts: npt.NDArray[np.bool_]
    track_id: Numbers
    track_px: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingSums:
    """Of one film, or of several added up.

    Attributes:
        truths: boxes that had to be followed.
        tracked: boxes of tracks.
        found: boxes of both that belong together, picture by picture.
        switches: how often somebody was taken for another than before.
        same: boxes of both that belong together where each truth is one track throughout.
        hit: (alpha,), boxes that belong together at each overlap of HOTA.
        associated: (alpha,), sum over them of how well their identities agree.
    """

    truths: int = 0
    tracked: int = 0
    found: int = 0
    switches: int = 0
    same: int = 0
    hit: _Sums = field(default_factory=lambda: np.zeros(len(_ALPHAS)))
    associated: _Sums = field(default_factory=lambda: np.zeros(len(_ALPHAS)))

    def __add__(self, other: "TrackingSums") -> "TrackingSums":
        return TrackingSums(
            truths=self.truths + other.truths,
            tracked=self.tracked + other.tracked,
            found=self.found + other.found,
            switches=self.switches + other.switches,
            same=self.same + other.same,
            hit=self.hit + other.hit,
            associated=self.associated + other.associated,
        )

    @property
    def mota(self) -> float:
        """1 less misses, false ones and switches as a share of truths (Bernardin and Stiefelhagen 2008).

        At most 1, and below 0 where more is wrong than there is; NaN where nobody is.
        """
        wrong = self.truths - self.found + self.tracked - self.found + self.switches
        return 1 - wrong / self.truths if self.truths else float("nan")

    @property
    def idf1(self) -> float:
        """Share of boxes whose identity is right throughout (Ristani et al. 2016); NaN where there is no box."""
        boxes = self.truths + self.tracked
        return 2 * self.same / boxes if boxes else float("nan")

    @property
    def hota(self) -> float:
        """Higher order tracking accuracy (Luiten et al. 2021, IJCV 129:548); NaN where there is no box.

        The mean over overlaps of the geometric mean of how well boxes are found and identities agree.
        """
        if not self.truths + self.tracked:
            return float("nan")
        detected = self.hit / np.maximum(1, self.truths + self.tracked - self.hit)
        return float(np.sqrt(detected * self.associated / np.maximum(1, self.hit)).mean())


def track_sums(frames: Sequence[Followed]) -> TrackingSums:
    """Of one film.

    Args:
        frames: in their order.

    >>> box, one = np.array([[0, 0, 9, 9]], np.float32), np.array([1])
    >>> same = Followed(true_id=one, true_px=box, counts=np.array([True]), track_id=one + 6, track_px=box)
    >>> sums = track_sums([same, same])
    >>> sums.mota, sums.idf1, sums.hota
    (1.0, 1.0, 1.0)
    """
    judged = [_that_counts(frame) for frame in frames]
    true_ids, tracks = (
        {number: at for at, number in enumerate(sorted({n for ids in all_ids for n in ids.tolist()}))}
        for all_ids in ([one[0] for one in judged], [one[1] for one in judged])
    )
    rows = [
        (
            np.array([true_ids[n] for n in truth.tolist()], np.int64),
            np.array([tracks[n] for n in track.tolist()], np.int64),
            overlap,
        )
        for truth, track, overlap in judged
    ]
    shape = (len(true_ids), len(tracks))
    found, switches = _clear(rows)
    hit, associated = _higher_order(rows, shape)
    return TrackingSums(
        truths=sum(len(truth) for truth, _, _ in rows),
        tracked=sum(len(track) for _, track, _ in rows),
        found=found,
        switches=switches,
        same=_same(rows, shape),
        hit=hit,
        associated=associated,
    )


_Row = tuple[Numbers, Numbers, FloatArray]
"""One frame: numbers of truths and of tracks, and the overlap of each with each."""


def _that_counts(frame: Followed) -> _Row:
    """Without the truths that need not be followed and without who follows them."""
    overlap = iou(frame.true_px, frame.track_px)
    if frame.counts.all():
        return frame.true_id, frame.track_id, overlap
    kept = np.ones(len(frame.track_id), bool)
    # Truths that count come first, wherever they overlap enough.
    enough = np.where(overlap >= _OVERLAP, overlap + frame.counts[:, None], 0)
    for truth, track in _pairs(enough):
        kept[track] = frame.counts[truth]
    return frame.true_id[frame.counts], frame.track_id[kept], overlap[frame.counts][:, kept]


def _pairs(worth: npt.NDArray[np.floating]) -> list[tuple[int, int]]:
    """One to one, worth most in all; only pairs worth anything."""
    rows, columns = linear_sum_assignment(-worth)
    return [
        (row, column) for row, column in zip(rows.tolist(), columns.tolist(), strict=True) if worth[row, column] > 0
    ]


def _clear(rows: Sequence[_Row]) -> tuple[int, int]:
    """Boxes that belong together, and switches: who was paired before stays so where they still overlap."""
    found, switches = 0, 0
    last: dict[int, int] = {}
    before: dict[int, int] = {}
    for truth, track, overlap in rows:
        kept = np.array([[before.get(one) == other for other in track.tolist()] for one in truth.tolist()], bool)
        worth = np.where(overlap >= _OVERLAP - _EXACTLY, overlap + _STICKS * kept.reshape(overlap.shape), 0)
        before = {int(truth[row]): int(track[column]) for row, column in _pairs(worth)}
        found += len(before)
        switches += sum(last.get(one, other) != other for one, other in before.items())
        last |= before
    return found, switches


def _same(rows: Sequence[_Row], shape: tuple[int, int]) -> int:
    """Boxes that belong together where each truth is given one track for the whole film, as well as can be."""
    together = np.zeros(shape)
    for truth, track, overlap in rows:
        near, by = np.nonzero(overlap >= _OVERLAP - _EXACTLY)
        together[truth[near], track[by]] += 1
    return int(sum(together[row, column] for row, column in _pairs(together)))


def _higher_order(rows: Sequence[_Row], shape: tuple[int, int]) -> tuple[_Sums, _Sums]:
    """At each overlap the boxes that belong together, and how well their identities agree, summed over them."""
    likely, true_count, track_count = np.zeros(shape), np.zeros((shape[0], 1)), np.zeros((1, shape[1]))
    for truth, track, overlap in rows:
        apart = overlap.sum(axis=0)[None, :] + overlap.sum(axis=1)[:, None] - overlap
        share = np.divide(overlap, apart, out=np.zeros_like(overlap), where=apart > _EXACTLY)
        likely[truth[:, None], track[None, :]] += share
        true_count[truth] += 1
        track_count[0, track] += 1
    either = true_count + track_count
    alike = likely / np.maximum(either - likely, _EXACTLY)
    together = np.zeros((len(_ALPHAS), *shape))
    for truth, track, overlap in rows:
        for row, column in _pairs(alike[truth[:, None], track[None, :]] * overlap):
            together[:, truth[row], track[column]] += overlap[row, column] >= _ALPHAS - _EXACTLY
    agree = together * together / np.maximum(1, either - together)
    return together.sum(axis=(1, 2)), agree.sum(axis=(1, 2))
