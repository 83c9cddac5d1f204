"""What is truly in a film: boxes with identities, frame by frame, and what went wrong."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.cctv.kinds import KINDS, VEHICLES, IncidentKind

FloatArray = npt.NDArray[np.float32]
VEHICLE_NUMBERS = np.array([number for number, kind in enumerate(KINDS) if kind in VEHICLES])


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueFrame:
    """Who is in one picture.

    Attributes:
        track_id: (user,), their own throughout the film.
        kind: (user,), number in ``KINDS``.
        xyxy_px: (user, 4), left, top, right, bottom.
        counts: (user,), whether they must be found; of others it counts neither that they are nor that they are not.
    """

    track_id: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int8]
    xyxy_px: FloatArray
    counts: npt.NDArray[np.bool_]

    def vehicles(self) -> "TrueFrame":
        """Only those who drive."""
        drives = np.isin(self.kind, VEHICLE_NUMBERS)
        return TrueFrame(
            track_id=self.track_id[drives],
            kind=self.kind[drives],
            xyxy_px=self.xyxy_px[drives],
            counts=self.counts[drives],
        )

    @classmethod
    def empty(cls) -> "TrueFrame":
        """Nobody is there."""
        return cls(
            track_id=np.empty(0, np.int64),
            kind=np.empty(0, np.int8),
            xyxy_px=np.empty((0, 4), np.float32),
            counts=np.empty(0, bool),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueEvent:
    """What went wrong in a film.

    Attributes:
        camera: before which camera.
        kind: of incident.
        onset_s: since the film began.
        cleared_s: when it was over; None: not before the film's end.
    """

    camera: str
    kind: IncidentKind
    onset_s: float
    cleared_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A film, and what is known of it.

    Attributes:
        camera: its name.
        path: of the video.
        rendered: whether it is of the simulated city.
        light: day, dusk or night; ``unknown``.
        size_wh_px: of its pictures, as its annotation says; None: it says nothing.
        zones: a file of the camera's zones, or None.
        frames: who is in each frame that anybody is in; None: nobody annotated them.
        has_kinds: whether the annotation tells kinds of vehicles apart.
        events: what went wrong; None: nobody annotated it.
    """

    camera: str
    path: Path
    rendered: bool
    light: str
    size_wh_px: tuple[int, int] | None = None
    zones: Path | None = None
    frames: dict[int, TrueFrame] | None = None
    has_kinds: bool = False
    events: tuple[TrueEvent, ...] | None = None

    @property
    def group(self) -> str:
        """What it is judged with, e.g. ``rendered, night``."""
        return f"{'rendered' if self.rendered else 'real'}, {self.light}"
