"""The state of all who are followed, one row each."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from features.cctv.kinds import KINDS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

SCORES = 9
"""So many latest scores make the median."""
SEEN = 40
"""So many latest boxes are remembered."""
APART_S = 0.18
"""Remembered boxes are at least so far apart, that at 30 fps too they reach back some seconds."""


@dataclass(slots=True, kw_only=True)
class Rows:
    """Stacked arrays; ``n`` road users.

    Attributes:
        track_id: (n,), 0 until it is told of.
        mean: (n, 4, 2): foot x and y in pixels, logarithms of width and height; each with its rate a second.
        cov: (n, 4, 3): variance of the value, covariance with its rate, variance of the rate.
        kept_mean: ``mean`` as it was when it was last detected.
        kept_cov: likewise ``cov``.
        votes: (n, kind), sums of scores.
        scores: (n, SCORES), latest first.
        first_s: (n,), first detected.
        seen_s: (n,), last detected.
        hits: (n,), detections.
        misses: (n,), times that its place was looked at and nothing was there, since it was last detected.
        first_foot: (n, 2).
        at_s: (n, SEEN), when it was detected, latest first; -inf: never.
        seen: (n, SEEN, 3), foot x and y and the top of its box then, pixels.
        since_s: (n,), what was seen before says nothing of whether it stands now.
        anchor: (n, 2), foot where it stands.
        stands_s: (n,), since when; NaN: it moves.
        noise: (n,), variance of its foot, pixels squared.
        cut: (n,), whether its foot was last below the picture.
    """

    track_id: IntArray
    mean: FloatArray
    cov: FloatArray
    kept_mean: FloatArray
    kept_cov: FloatArray
    votes: FloatArray
    scores: FloatArray
    first_s: FloatArray
    seen_s: FloatArray
    hits: IntArray
    misses: IntArray
    first_foot: FloatArray
    at_s: FloatArray
    seen: FloatArray
    since_s: FloatArray
    anchor: FloatArray
    stands_s: FloatArray
    noise: FloatArray
    cut: BoolArray

    def __len__(self) -> int:
        return len(self.track_id)

    @classmethod
    def empty(cls, count: int = 0) -> "Rows":
        """So many rows that were never seen."""
        return cls(
            track_id=np.zeros(count, dtype=np.int64),
            mean=np.zeros((count, 4, 2)),
            cov=np.zeros((count, 4, 3)),
            kept_mean=np.zeros((count, 4, 2)),
            kept_cov=np.zeros((count, 4, 3)),
            votes=np.zeros((count, len(KINDS))),
            scores=np.zeros((count, SCORES)),
            first_s=np.zeros(count),
            seen_s=np.zeros(count),
            hits=np.zeros(count, dtype=np.int64),
            misses=np.zeros(count, dtype=np.int64),
            first_foot=np.zeros((count, 2)),
            at_s=np.full((count, SEEN), -np.inf),
            seen=np.zeros((count, SEEN, 3)),
            since_s=np.zeros(count),
            anchor=np.zeros((count, 2)),
            stands_s=np.full(count, np.nan),
            noise=np.zeros(count),
            cut=np.zeros(count, dtype=bool),
        )

    def keep(self, which: BoolArray) -> None:
        """Forget all others."""
        if which.all():
            return
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name)[which])

    def add(self, others: "Rows") -> None:
        """Append."""
        for field in fields(self):
            setattr(self, field.name, np.concatenate([getattr(self, field.name), getattr(others, field.name)]))

    @property
    def stands(self) -> BoolArray:
        """(n,)."""
        return np.isfinite(self.stands_s)

    @property
    def size(self) -> FloatArray:
        """(n, 2), width and height, pixels."""
        return np.asarray(np.exp(self.mean[:, 2:, 0]))

    @property
    def xyxy(self) -> FloatArray:
        """(n, 4), boxes."""
        return boxes(self.mean[:, :2, 0], self.size)

    @property
    def last_xyxy(self) -> FloatArray:
        """(n, 4), boxes as they were when they were last detected."""
        return boxes(self.kept_mean[:, :2, 0], np.exp(self.kept_mean[:, 2:, 0]))

    def remember(self, which: IntArray, seen: FloatArray, now_s: float) -> None:
        """Write down where those were seen: foot and top (k, 3)."""
        crowded = now_s - self.at_s[which, 1] < APART_S
        shift = which[~crowded]
        self.at_s[shift, 1:] = self.at_s[shift, :-1]
        self.seen[shift, 1:] = self.seen[shift, :-1]
        self.at_s[which, 0] = now_s
        self.seen[which, 0] = seen


def boxes(feet: FloatArray, size: FloatArray) -> FloatArray:
    """(n, 4), left, top, right, bottom of feet (n, 2) and widths and heights (n, 2)."""
    half = size[:, 0] / 2
    return np.stack([feet[:, 0] - half, feet[:, 1] - size[:, 1], feet[:, 0] + half, feet[:, 1]], axis=1)
