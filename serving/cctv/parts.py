"""What a camera is watched with: its pictures, and what sees in them; the detector's graph is loaded once a process."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from features.cctv.detections import Detections
from features.cctv.events import HealthEvent, Incident
from features.cctv.tracks import Track
from features.cctv.view import Picture
from serving.cctv.sight import Sight
from serving.cctv.told import Provenance


class Frame(Protocol):
    """A picture, and when it was taken on the camera's clock."""

    @property
    def picture(self) -> Picture: ...  # noqa: D102
    @property
    def time_s(self) -> float: ...  # noqa: D102


class FilmEnd(Protocol):
    """How a film ended."""

    @property
    def note(self) -> str: ...  # noqa: D102


class Frames(Protocol):
    """Pictures of one camera, and what is wrong with it, in their order.

    Attributes:
        ended: how its film ended; None: it has not.
    """

    @property
    def ended(self) -> FilmEnd | None: ...  # noqa: D102

    def __iter__(self) -> Iterator[Frame | HealthEvent]: ...

    def stop(self) -> None:
        """End soon; may be called from another thread, and again."""
        ...


class Count(Protocol):
    """What passed on one lane in one minute."""

    @property
    def start_s(self) -> float: ...  # noqa: D102
    @property
    def entity_id(self) -> str: ...  # noqa: D102
    @property
    def volume(self) -> float: ...  # noqa: D102
    @property
    def speed_km_h(self) -> float | None: ...  # noqa: D102


class Moment(Protocol):
    """What was found in one picture.

    Attributes:
        detections: all that may be a road user, also what no track has confirmed.
        tracks: the road users that are followed.
        incidents: new, revised and just cleared.
        health: what is wrong with the camera, or no longer.
        counts: of minutes that are over.
        doubtful: whether somebody may have been missed.
    """

    @property
    def detections(self) -> Detections: ...  # noqa: D102
    @property
    def tracks(self) -> Sequence[Track]: ...  # noqa: D102
    @property
    def incidents(self) -> Sequence[Incident]: ...  # noqa: D102
    @property
    def health(self) -> Sequence[HealthEvent]: ...  # noqa: D102
    @property
    def counts(self) -> Sequence[Count]: ...  # noqa: D102
    @property
    def doubtful(self) -> bool: ...  # noqa: D102


class Watching(Protocol):
    """Sees what happens before one camera."""

    def step(self, picture: Picture, time_s: float) -> Moment:
        """Look at the next picture."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Eye:
    """What sees in the pictures of one camera.

    Attributes:
        watcher: looks at one picture after the other.
        size_wh_px: of the pictures.
        by: what it sees with.
        carriageway: (height, width), not 0 on it; None: nobody drew it.
    """

    watcher: Watching
    size_wh_px: tuple[int, int]
    by: Provenance
    carriageway: Picture | None


class Parts(Protocol):
    """Makes both, for each camera of a process."""

    def frames(self, sight: Sight) -> Frames:
        """The camera's pictures.

        Raises:
            BadInput: its address is none.
        """
        ...

    def eye(self, sight: Sight, size_wh_px: tuple[int, int]) -> Eye:
        """What sees in them.

        Raises:
            BadInput: its zones do not fit pictures of that size.
        """
        ...
