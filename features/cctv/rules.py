"""The thresholds by which incidents are told: one file, with a version and a hash that every incident can name."""

import tomllib
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from features.errors import BadInput, UnknownName
from features.frozen import Frozen

_OURS = "rules.toml"
Positive = Annotated[float, Field(gt=0, lt=1e6, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1000)]


class Sight(Frozen):
    """Who is looked at."""

    vehicle_px: Positive
    kind_px: Positive
    person_px: Positive
    person_score: Share
    person_seen_s: Positive
    still_seen_s: Positive
    unseen_s: Positive
    broken_s: Positive
    drove_m: Positive
    drove_px: Positive
    drove_heights: Positive
    slow_km_h: Positive
    creeps_px: Positive
    creeps_m: Positive
    lane_half_m: Positive


class Stopped(Frozen):
    """A vehicle that stands where vehicles drive."""

    stands_s: Positive
    sightings: Count
    passed_stands_s: Positive
    passed_after_s: Positive
    shoulder_s: Positive
    leader_gap_m: Positive
    after_leader_s: Positive
    blocked_m: Positive
    light_gap_m: Positive
    on_crossing_m: Positive
    near_light_m: Positive
    near_light_s: Positive
    blind_s: Positive
    blind_m: Positive
    light_passed: Count
    light_after_s: Positive
    longest_red_s: Positive
    bus_stop_m: Positive
    bus_stop_s: Positive
    pass_m: Positive
    pass_side_m: Positive
    unknown_light_s: Positive
    known_after_s: Positive
    waiting_place_m: Positive
    unknown_bus_s: Positive
    queue_ahead: Count
    queue_s: Positive
    gone_s: Positive
    lost_s: Positive
    one_event_m: Positive
    lasting_s: Positive


class WrongWay(Frozen):
    """A vehicle that drives against the others."""

    least_px: Positive
    pixel_m: Positive
    speed_km_h: Positive
    against: Annotated[float, Field(gt=-1, lt=0)]
    lasts_s: Positive
    goes_m: Positive
    goes_px: Positive
    in_queue: Positive
    companion_m: Positive
    witnesses: Count
    agreeing: Annotated[float, Field(gt=0.5, le=1)]
    beside_m: Positive
    gone_s: Positive
    lost_s: Positive


class Pedestrian(Frozen):
    """Somebody on foot, or on a bicycle, where vehicles drive."""

    depth_m: Positive
    depth_px: Positive
    lasts_s: Positive
    crossing_px: Positive
    from_crossing_s: Positive
    fastest_km_h: Positive
    rides_km_h: Positive
    inside_share: Share
    among_m: Positive
    at_vehicle_m: Positive
    near_light_m: Positive
    conflict_m: Positive
    lingers_s: Positive
    gone_s: Positive
    lost_s: Positive
    lasting_s: Positive


class Queue(Frozen):
    """Vehicles that creep, and not at a light."""

    vehicles: Count
    least_px: Positive
    lasts_s: Positive
    ends_s: Positive
    gap_m: Positive
    free_m: Positive
    light_m: Positive
    explained_s: Positive
    standing_km_h: Positive
    standing_s: Positive
    jam_km_h: Positive
    jam_m: Positive


class LeftObject(Frozen):
    """A thing that lies where vehicles drive."""

    lasts_s: Positive
    blob_s: Positive
    seen_share: Share
    least_px: Positive
    most_m: Positive
    beside_m: Positive
    new_levels: Positive
    new_ratio: Positive
    new_share: Share
    near_m: Positive
    near_s: Positive
    after_vehicle_s: Positive
    overlap: Share
    trace: Share
    moves_m: Positive
    gone_s: Positive
    lost_s: Positive


class Grading(Frozen):
    """How sure, and how bad."""

    fast_km_h: Positive
    most: Annotated[float, Field(gt=0, lt=1)]
    learned: Annotated[float, Field(gt=0, le=1)]
    score: Annotated[float, Field(ge=0, lt=1)]
    time: Annotated[float, Field(ge=0, lt=1)]
    count: Annotated[float, Field(ge=0, lt=1)]
    revise_s: Positive


class Rules(Frozen):
    """All thresholds; ``rules.toml`` says why each is what it is.

    Attributes:
        version: of the file.
        sha256: of its content.
    """

    version: Count
    sha256: str
    sight: Sight
    stopped: Stopped
    wrong_way: WrongWay
    pedestrian: Pedestrian
    queue: Queue
    object: LeftObject
    grading: Grading


def load_rules(path: Path | None = None) -> Rules:
    """The rules of a file.

    Args:
        path: of a city's own, as Haechi's; None: Haechi's.

    Raises:
        BadInput: it cannot be read, is no TOML, lacks a threshold, has an unknown one or one out of range.

    >>> load_rules().version
    1
    """
    name, content = _content(path)
    try:
        raw: dict[str, Any] = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadInput(cause=f"The rules {name} are not UTF-8", mend="Save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(cause=f"{name} is not valid TOML: {error}", mend="Mend that line") from None
    if "sha256" in raw:
        raise BadInput(cause=f"{name} states a sha256", mend="Leave it out: it is taken of the file itself")
    try:
        return Rules.model_validate({**raw, "sha256": sha256(content).hexdigest()})
    except ValidationError as error:
        raise _named(error, name) from None


def _content(path: Path | None) -> tuple[str, bytes]:
    if path is None:
        return _OURS, files("features.cctv").joinpath(_OURS).read_bytes()
    try:
        return str(path), path.read_bytes()
    except OSError as error:
        raise BadInput(
            cause=f"The rules {path} cannot be read: {error.strerror}", mend="Leave them out to take Haechi's own"
        ) from None


def _named(error: ValidationError, name: str) -> BadInput:
    # A name that is written wrong is both unknown and missing: the former says more.
    first = min(
        error.errors(include_url=False, include_input=False), key=lambda each: each["type"] != "extra_forbidden"
    )
    where = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        model = Rules.model_fields[where[0]].annotation if len(where) > 1 else Rules
        known = [each for each in getattr(model, "model_fields", {}) if each != "sha256"]
        unknown = UnknownName.among("rule", where[-1], known)
        return BadInput(cause=f"{name}: {unknown.cause}", mend=unknown.mend)
    return BadInput(
        cause=f"{name}, {'.'.join(where)}: {first['msg']}",
        mend="Mend that value; Haechi's own file has each with its reason",
    )
