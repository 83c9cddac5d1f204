"""What a camera tells apart: kinds of road users, and kinds of incidents."""

from enum import StrEnum


class UserKind(StrEnum):
    """What a box shows."""

    CAR = "car"
    BUS = "bus"
    TRUCK = "truck"
    MOTORBIKE = "motorbike"
    PERSON = "person"
    OBJECT = "object"
    BICYCLE = "bicycle"

    @property
    def is_vehicle(self) -> bool:
        """Whether it drives where vehicles drive; a cyclist does not count, who may be anywhere."""
        return self in VEHICLES


VEHICLES = frozenset({UserKind.CAR, UserKind.BUS, UserKind.TRUCK, UserKind.MOTORBIKE})
KINDS = tuple(UserKind)
"""Of a box, by the number that stands for it in arrays."""


class IncidentKind(StrEnum):
    """What goes wrong."""

    STOPPED_VEHICLE = "stopped vehicle"
    WRONG_WAY = "wrong way"
    PEDESTRIAN_ON_CARRIAGEWAY = "pedestrian on carriageway"
    QUEUE = "queue"
    ABANDONED_OBJECT = "abandoned object"
