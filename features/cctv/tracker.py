"""Follows road users from picture to picture, each under one identity for as long as it is there.

In the manner of ByteTrack and OC-SORT, written here: supervision has dropped ByteTrack, `trackers` and norfair pull a
second cv2 or scipy into serving, and boxmot is AGPL. Time is what the camera says, steps may be uneven and long.
"""

import numpy as np

from features.cctv.detections import Detections
from features.cctv.following import filter as kalman
from features.cctv.following.config import TrackerConfig
from features.cctv.following.match import Seen, match, noise, seen
from features.cctv.following.rows import SCORES, BoolArray, FloatArray, IntArray, Rows
from features.cctv.following.standing import speed_m_s, watch
from features.cctv.ground import Ground
from features.cctv.kinds import KINDS
from features.cctv.tracks import Track
from features.errors import BadInput

Region = tuple[float, float, float, float]
"""Left, top, right, bottom, pixels."""

_LOOKED_SHARE = 0.6
"""Of a box that was looked at."""
_HIDDEN_SHARE = 0.5
"""Of a box, covered by somebody nearer."""
_GONE_SHARE = 0.5
"""Of a box, still in the picture."""
_NOT_FLAT = 0.7
"""Height for width, and width for height, of a box of which a part is seen."""
_HIDDEN_S = 0.9
"""Who comes back after longer goes straight from where they were last seen."""
_STOOD_SPEED = 1e-4
"""Variance of the speed of who stands, heights squared a second squared."""


class Tracker:
    """Those before one camera.

    Args:
        config: every number.
        ground: the road's plane; without it, no speeds in km/h.
        size_wh_px: of the picture, so that boxes cut off by its edge are known; None: none are.
    """

    def __init__(
        self,
        config: TrackerConfig | None = None,
        ground: Ground | None = None,
        *,
        size_wh_px: tuple[int, int] | None = None,
    ) -> None:
        self.config, self.ground, self.size_wh_px = config or TrackerConfig(), ground, size_wh_px
        width_px = 1e-3 if size_wh_px is None else size_wh_px[0]
        self._far_px, self._small_px = self.config.far_share * width_px, self.config.small_share * width_px
        self._rows = Rows.empty()
        self._now_s: float | None = None
        self._next_id = 1

    def update(self, detections: Detections, time_s: float, looked: list[Region] | None = None) -> list[Track]:
        """Take in what was detected at an instant.

        Args:
            detections: boxes of the whole picture's pixels.
            time_s: later than any before.
            looked: where the detector looked; None: everywhere.

        Returns:
            Those who are told of, hidden ones too: they were last seen before now.

        Raises:
            BadInput: time does not go on.
        """
        self._go_on(time_s)
        rows, config = self._rows, self.config
        found = seen(detections, self.size_wh_px, config.low_score)
        whom, which = match(rows, found, time_s, config)
        sees = np.zeros(len(rows), dtype=bool)
        sees[whom] = True
        rows.misses[~sees & self._looked_at(looked)] += 1
        self._correct(whom, found, which, time_s)
        watch(rows, sees, time_s, self.ground, config, self._far_px)
        rows.keep(self._stays(sees, time_s))
        new = found.score >= config.high_score
        new[which] = False
        self._begin(found, np.flatnonzero(new), time_s)
        return self._tell(time_s)

    def coast(self, time_s: float) -> list[Track]:
        """Where everybody will be by now, had nobody looked.

        Raises:
            BadInput: time does not go on.
        """
        self._go_on(time_s)
        self._rows.keep(self._stays(np.zeros(len(self._rows), dtype=bool), time_s))
        return self._tell(time_s)

    def _go_on(self, time_s: float) -> None:
        if not np.isfinite(time_s) or (self._now_s is not None and time_s <= self._now_s):
            raise BadInput(
                cause=f"After {self._now_s} s, {time_s} s came before a tracker",
                mend="Give it the camera's own time, which rises from picture to picture",
            )
        step_s = 0.0 if self._now_s is None else time_s - self._now_s
        self._now_s = time_s
        rows = self._rows
        # What moved before a long gap is elsewhere; who stood may stand there yet.
        rows.keep(rows.stands | (time_s - rows.seen_s <= self._patience_s()))
        if not len(rows):
            return
        stands = rows.stands
        rows.mean[stands, :, 1] = 0.0
        rows.cov[stands, :, 1] = 0.0
        rows.cov[stands, :, 2] = _STOOD_SPEED
        rows.mean, rows.cov = kalman.predict(rows.mean, rows.cov, step_s, self._accelerates(rows), self.ground)

    def _patience_s(self) -> FloatArray:
        """(n,): for how long each is followed without being seen, unless it stands."""
        rows, config = self._rows, self.config
        share = np.minimum(1.0, rows.size[:, 1] / self._small_px)
        return np.where(rows.track_id > 0, np.maximum(config.lost_s * share, config.tentative_s), config.tentative_s)

    def _accelerates(self, rows: Rows) -> FloatArray:
        config = self.config
        return kalman.motion_px(
            rows, self.ground, config.acceleration_ms2, config.acceleration_heights, config.across_share
        )

    def _correct(self, whom: IntArray, found: Seen, which: IntArray, time_s: float) -> None:
        """Take in where the matched were seen."""
        if not len(whom):
            return
        rows, config = self._rows, self.config
        mine = found.take(which)
        feet, size = mine.of(rows.size[whom])
        place = np.concatenate([feet, np.log(size)], axis=1)
        variance = noise(mine, config)
        mean, cov = kalman.update(rows.mean[whom], rows.cov[whom], place, variance)
        hidden = np.flatnonzero((time_s - rows.seen_s[whom] > _HIDDEN_S) & ~rows.stands[whom])
        pushes = self._accelerates(rows) if len(hidden) else np.empty((0, 2))
        for at in hidden.tolist():
            row, one = whom[at : at + 1], slice(at, at + 1)
            mean[one], cov[one] = kalman.again(
                rows.kept_mean[row],
                rows.kept_cov[row],
                place[one],
                variance[one],
                float(time_s - rows.seen_s[row[0]]),
                pushes[row],
                self.ground,
            )
        rows.mean[whom], rows.cov[whom] = mean, cov
        rows.kept_mean[whom], rows.kept_cov[whom] = mean, cov
        rows.votes[whom, mine.kind] += mine.score
        rows.scores[whom, 1:] = rows.scores[whom, :-1]
        rows.scores[whom, 0] = mine.score
        rows.seen_s[whom] = time_s
        rows.hits[whom] += 1
        rows.misses[whom] = 0
        rows.cut[whom] = mine.cut[:, 3]
        rows.remember(whom, np.column_stack([feet, feet[:, 1] - size[:, 1]]), time_s)
        told = whom[(rows.hits[whom] >= config.confirm_hits) & (rows.track_id[whom] == 0)]
        rows.track_id[told] = np.arange(self._next_id, self._next_id + len(told))
        self._next_id += len(told)

    def _begin(self, found: Seen, which: IntArray, time_s: float) -> None:
        """Follow who was not known, without telling of it yet."""
        if not len(which):
            return
        mine, new, config = found.take(which), Rows.empty(len(which)), self.config
        # Of a vehicle that drives in a strip may be seen, and it is at least about as high as wide.
        feet, size = mine.of(_NOT_FLAT * mine.size[:, ::-1])
        new.mean[:, :2, 0], new.mean[:, 2:, 0] = feet, np.log(size)
        new.cov[..., 0] = noise(mine, config)
        new.cov[:, :2, 2] = kalman.motion_px(new, self.ground, config.first_ms, config.first_heights) ** 2
        new.cov[:, 2:, 2] = config.growth_per_s**2
        new.kept_mean, new.kept_cov = new.mean.copy(), new.cov.copy()
        new.votes[np.arange(len(which)), mine.kind] = mine.score
        new.scores[:] = mine.score[:, None]
        new.first_s[:] = new.seen_s[:] = time_s
        new.since_s[:] = -np.inf
        new.hits[:] = 1
        new.cut[:] = mine.cut[:, 3]
        new.first_foot[:] = feet
        new.noise[:] = new.cov[:, :2, 0].mean(axis=1)
        new.remember(np.arange(len(which)), np.column_stack([feet, feet[:, 1] - size[:, 1]]), time_s)
        self._rows.add(new)

    def _looked_at(self, looked: list[Region] | None) -> BoolArray:
        """(n,): whether anybody there would have been seen."""
        rows = self._rows
        if not len(rows):
            return np.zeros(0, dtype=bool)
        boxes = rows.xyxy
        everywhere = [(-np.inf, -np.inf, np.inf, np.inf)]
        regions = np.array(everywhere if looked is None else looked, dtype=np.float64).reshape(-1, 4)
        seen_there = (_share_within(boxes, regions) >= _LOOKED_SHARE).any(axis=1)
        nearer = (
            (rows.track_id > 0)[None, :] & (rows.misses == 0)[None, :] & (boxes[:, 3][None, :] > boxes[:, 3][:, None])
        )
        hidden = ((_share_within(boxes, boxes) >= _HIDDEN_SHARE) & nearer).any(axis=1)
        return np.asarray(seen_there & ~hidden)

    def _stays(self, sees: BoolArray, time_s: float) -> BoolArray:
        """(n,): who is still followed."""
        rows, config = self._rows, self.config
        unseen_s = time_s - rows.seen_s
        gone = (rows.misses >= config.standing_looks) & (unseen_s >= config.standing_lost_s)
        stays = np.where(rows.stands, ~gone, unseen_s <= self._patience_s())
        stays &= (rows.track_id > 0) | (rows.misses < 2) | sees
        if self.size_wh_px is not None and len(rows):
            picture = np.array([[0.0, 0.0, *self.size_wh_px]])
            stays &= sees | (_share_within(rows.xyxy, picture)[:, 0] >= _GONE_SHARE)
        return np.asarray(stays)

    def _tell(self, time_s: float) -> list[Track]:
        rows = self._rows
        told = np.flatnonzero((rows.track_id > 0) & (rows.stands | (time_s - rows.seen_s <= self.config.told_s)))
        if not len(told):
            return []
        boxes = rows.xyxy
        if self.size_wh_px is not None:
            boxes = np.clip(boxes, 0.0, [*self.size_wh_px, *self.size_wh_px])
        feet, velocity = rows.mean[:, :2, 0].copy(), rows.mean[:, :2, 1].copy()
        scores = np.sort(rows.scores, axis=1)[:, SCORES // 2].tolist()
        kinds = rows.votes.argmax(axis=1).tolist()
        travelled = np.hypot(*(feet - rows.first_foot).T).tolist()
        track_id, first_s, seen_s = rows.track_id.tolist(), rows.first_s.tolist(), rows.seen_s.tolist()
        stands_s = [None if since_s != since_s else since_s for since_s in rows.stands_s.tolist()]
        metres, velocity_m, known, speed, speed_sd = self._on_the_road(feet, time_s)
        return [
            Track(
                track_id=track_id[row],
                kind=KINDS[kinds[row]],
                xyxy_px=boxes[row],
                foot_px=feet[row],
                velocity_px_s=velocity[row],
                score=scores[row],
                first_s=first_s[row],
                seen_s=seen_s[row],
                foot_m=metres[row] if known[row] else None,
                velocity_m_s=velocity_m[row] if known[row] else None,
                speed_km_h=speed[row],
                speed_sd_km_h=speed_sd[row],
                stands_since_s=stands_s[row],
                travelled_px=travelled[row],
            )
            for row in told.tolist()
        ]

    def _on_the_road(
        self, feet: FloatArray, time_s: float
    ) -> tuple[FloatArray, FloatArray, list[bool], list[float], list[float]]:
        """Places and velocities in metres, whether they are known, and speeds in km/h with their deviation."""
        count = len(feet)
        if self.ground is None:
            nothing, unknown = np.full((count, 2), np.nan), [float("nan")] * count
            return nothing, nothing, [False] * count, unknown, unknown
        metres = self.ground.to_metres(feet)
        velocity, sd = speed_m_s(self._rows, time_s, self.ground, self.config)
        return (
            metres,
            velocity,
            np.isfinite(metres[:, 0]).tolist(),
            (3.6 * np.hypot(velocity[:, 0], velocity[:, 1])).tolist(),
            (3.6 * sd).tolist(),
        )


def _share_within(boxes: FloatArray, regions: FloatArray) -> FloatArray:
    """(n, m): share of each box (n, 4) that lies in each other one (m, 4)."""
    low = np.maximum(boxes[:, None, :2], regions[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], regions[None, :, 2:])
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return np.asarray(np.prod((high - low).clip(min=0), axis=-1) / np.maximum(area, 1e-9)[:, None])
