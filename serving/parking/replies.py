"""What the parking service is asked and answers, as Python values."""

from dataclasses import dataclass
from datetime import datetime

from serving.alerts.words import Words
from serving.values import refuse_naive, refuse_no_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One count of a lot; what is missing is left out.

    Attributes:
        time: its instant, on the model's clock, aware.
        entity_id: as in training, or of a new lot.
        value: spaces, free or occupied as the model was trained (``Parking.measure``); finite.
        available_at: when it became known; None: at its time.
    """

    time: datetime
    entity_id: str
    value: float
    available_at: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("time", "available_at"):
            refuse_naive(f"Count of {self.entity_id}: {name}", getattr(self, name))
        refuse_no_number(f"Count of {self.entity_id}: value", self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLot:
    """A lot that the model has never seen: answered from its city and capacity.

    Attributes:
        entity_id: none of the model's.
        capacity: spaces.
        city: as the model names it; one that it does not know: the lot resembles those of all.
        lat: degrees, WGS84; None: it cannot be recommended.
        lon: likewise.
    """

    entity_id: str
    capacity: float
    city: str = ""
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkingLot:
    """One lot as it stands.

    Attributes:
        entity_id: as in training.
        name: as people call it; the id where nobody says.
        city: "" where nobody says.
        kind: such as garage or on-street; "" where nobody says.
        lat: degrees, WGS84; None: nobody knows.
        lon: likewise.
        capacity: spaces; None: nobody knows.
        free: spaces by the newest count; None: there is none, or it is too old or not to be trusted.
        quality: ``ok``, ``degraded: reason`` or ``fallback: reason``.
    """

    entity_id: str
    name: str
    city: str
    kind: str
    lat: float | None
    lon: float | None
    capacity: float | None
    free: float | None
    quality: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkingPrediction:
    """One lot at one time; None is what cannot be said.

    Attributes:
        target_time: the instant that is forecast.
        step: 1 is the first reading after the issue.
        q10: free spaces; None also where the model forecasts no such quantile.
        q50: the median.
        q90: as ``q10``.
        values: the quantiles, one for each of the answer's levels; none where nothing can be said.
        full: probability that at most ``Parking.full_share`` of the capacity is free.
        quality: ``ok``, ``degraded: reason`` or ``fallback: reason``.
    """

    entity_id: str
    target_time: datetime
    step: int
    q10: float | None
    q50: float | None
    q90: float | None
    values: tuple[float, ...]
    full: float | None
    quality: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parking:
    """The answer of one model version.

    Attributes:
        issued_at: step 1 of the predictions is the first reading after it.
        as_of: until when counts were seen.
        simulated: the model learned from the simulated Seoul; label every number that comes from it.
        timezone: IANA name of the wall clock to show times on.
        levels: of the values of every prediction, rising, the median in the middle.
        full_share: of the capacity; with at most that free a lot is full.
        measure: what is counted, ``free`` or ``occupied`` spaces.
        lots: in the order of the model, or of the question.
        predictions: by lot, then step.
    """

    model: str
    version: str
    quantity: str
    unit: str
    issued_at: datetime
    as_of: datetime
    step_min: int
    simulated: bool
    timezone: str
    levels: tuple[float, ...]
    full_share: float
    measure: str
    lots: tuple[ParkingLot, ...]
    predictions: tuple[ParkingPrediction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkingOption:
    """One place to park; None is what nobody knows.

    Attributes:
        walk_m: metres on foot to the destination.
        walk_min: minutes.
        chance: of finding a space at arrival.
        q10: free spaces at arrival, the lower end of an interval of 80 %.
        q50: the median.
        q90: the upper end.
        expected_min: on foot, and searching elsewhere as likely as it is full.
        unknown: what was asked for and nobody knows of it: ``height_m``, ``ev``, ``disabled``.
        reason: why it stands where it does.
    """

    lot: ParkingLot
    walk_m: float
    walk_min: float
    chance: float | None
    q10: float | None
    q50: float | None
    q90: float | None
    expected_min: float | None
    unknown: tuple[str, ...]
    reason: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """Where to park near a destination.

    Attributes:
        arrival: that was asked about.
        search_min: what a full lot is taken to cost.
        options: the best first.
        unfit: lots within the walk that do not fit what was asked for.
        nowhere: lots of which nobody knows where they are.
        nearest_walk_m: to the nearest lot, whatever fits.
        words: what was found, or why nothing was.
    """

    model: str
    version: str
    unit: str
    issued_at: datetime
    as_of: datetime
    arrival: datetime
    simulated: bool
    timezone: str
    search_min: float
    options: tuple[ParkingOption, ...]
    unfit: int
    nowhere: int
    nearest_walk_m: float
    words: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareWindow:
    """A time in which bays can be lent.

    Attributes:
        start: aware.
        end: the last instant that must hold.
        risk: probability that an owner is turned away in it.
        fewest: the fewest free spaces in it that are to be expected (q10).
        words: the same for people.
    """

    start: datetime
    end: datetime
    risk: float
    fewest: float
    words: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class LotShare:
    """What can be lent of one lot.

    Attributes:
        windows: in order of time, none overlapping another.
        words: what can be lent, or why nothing can.
    """

    lot: ParkingLot
    windows: tuple[ShareWindow, ...]
    words: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """When bays can be lent.

    Attributes:
        until: when windows were looked for.
        bays: that are to be lent.
        most_risk: of turning an owner away in one window.
        lots: in the order of the question.
    """

    model: str
    version: str
    issued_at: datetime
    as_of: datetime
    until: datetime
    simulated: bool
    timezone: str
    bays: int
    most_risk: float
    lots: tuple[LotShare, ...]
