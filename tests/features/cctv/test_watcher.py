"""A camera from its pictures to what is told of it, with the detector that comes with the package."""

from pathlib import Path

import numpy as np
import pytest

from features.cctv.detections import iou
from features.cctv.gate import GateConfig
from features.cctv.kinds import IncidentKind
from features.cctv.rules import load_rules
from features.cctv.watcher import Watcher
from features.errors import BadInput
from features.simulated.cctv.road import Road as Stretch
from features.simulated.cctv.scene import Light
from tests.features.cctv.lookout import RATE_FPS, BlockDetector, own_detector, plain, watch_clip, watch_scene
from tests.features.cctv.road import SIZE, Road, driving
from tests.features.simulated.cctv.stage import scene

REAL = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "cctv" / "tfl_normal"
needs_clips = pytest.mark.skipif(not REAL.is_dir(), reason=f"no {REAL}")
WITHIN_S = 15.0
WRONG = {
    IncidentKind.STOPPED_VEHICLE: {"seed": 5, "incident_s": 15.0, "length_s": 40.0},
    IncidentKind.WRONG_WAY: {"seed": 4, "incident_s": 12.0, "length_s": 35.0},
    IncidentKind.PEDESTRIAN_ON_CARRIAGEWAY: {"seed": 4, "incident_s": 15.0, "length_s": 35.0},
    IncidentKind.QUEUE: {"seed": 4, "incident_s": 10.0, "length_s": 45.0, "volume_veh_h": (1800, 500)},
    IncidentKind.ABANDONED_OBJECT: {"seed": 5, "incident_s": 15.0, "length_s": 35.0},
}


@pytest.fixture(scope="module")
def detector():
    return own_detector()


@pytest.fixture(scope="module")
def film(detector, tmp_path_factory):
    """What was told of a scene; each is rendered and watched once."""
    known = {}

    def watched(**changes):
        shown = scene(**changes)
        if shown not in known:
            known[shown] = watch_scene(shown, detector, tmp_path_factory.mktemp("camera"))
        return known[shown]

    return watched


@pytest.fixture
def watcher():
    """One that takes red blocks for cars and looks at each picture."""
    return blocks()


def blocks():
    return Watcher(
        camera="CAM-007", detector=BlockDetector(), size_wh_px=SIZE, rules=load_rules(), gate=GateConfig(full_s=0.2)
    )


def passing(length_s, every_s):
    """Pictures and their times: a block drives by, and after it the next."""
    road = Road()
    for number in range(round(length_s * RATE_FPS)):
        now_s = number / RATE_FPS
        yield road.picture(driving(now_s % every_s)), now_s


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind) for kind in IncidentKind])
def test_what_goes_wrong_is_raised_once_in_time_and_nothing_else_is(film, kind):
    watched = film(incident=kind, **WRONG[kind])
    (true,) = watched.truth

    assert [one.kind for one in watched.incidents] == [kind]
    (raised,) = watched.incidents
    # A queue that grows is seen a moment before it is one by the book.
    assert -3 <= raised.raised_s - true.onset_s <= WITHIN_S
    assert not raised.learned


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, id=kind) for kind in sorted({*IncidentKind} - {IncidentKind.QUEUE})]
)
def test_an_incident_is_where_it_happens(film, kind):
    watched = film(incident=kind, **WRONG[kind])
    first = next(one for moment in watched.moments for one in moment.incidents)
    where = np.array([first.xyxy_px, watched.boxes[first.raised_s]], np.float32)

    assert iou(where[:1], where[1:])[0, 0] > 0.3


@pytest.mark.parametrize(
    ("kind", "ends"),
    [
        pytest.param(IncidentKind.STOPPED_VEHICLE, False, id="who stands to the end"),
        pytest.param(IncidentKind.ABANDONED_OBJECT, False, id="what lies there to the end"),
        pytest.param(IncidentKind.WRONG_WAY, True, id="who has left the picture"),
        pytest.param(IncidentKind.PEDESTRIAN_ON_CARRIAGEWAY, True, id="who has reached the other side"),
    ],
)
def test_an_incident_is_cleared_only_when_it_is_over(film, kind, ends):
    (told,) = film(incident=kind, **WRONG[kind]).incidents

    assert (told.cleared_s is not None) is ends


def test_where_nothing_goes_wrong_nothing_is_raised(film):
    assert film(seed=4, length_s=40.0).incidents == []


def test_people_who_cross_at_a_red_light_and_drivers_who_wait_are_no_incident(film):
    watched = film(seed=5, length_s=36.0, road=Stretch(lanes=1, crossing_y_m=26), volume_veh_h=(400, 400))

    assert watched.crossed
    assert watched.incidents == []


@pytest.mark.parametrize(
    ("light", "doubtful"), [pytest.param(Light.NIGHT, True, id="night"), pytest.param(Light.DAY, False, id="day")]
)
def test_at_night_somebody_may_have_been_missed(film, light, doubtful):
    assert {moment.doubtful for moment in film(light=light, length_s=2.0).moments} == {doubtful}


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(0, id="as the first"),
        pytest.param(3, id="after others"),
    ],
)
def test_a_picture_of_another_size_is_refused(watcher, before):
    shots = list(passing(1.0, 6.0))
    for picture, now_s in shots[:before]:
        watcher.step(picture, now_s)
    picture, now_s = shots[before]

    with pytest.raises(BadInput, match="160"):
        watcher.step(np.ascontiguousarray(picture[:, :-16]), now_s)


@pytest.mark.parametrize("time_s", [pytest.param(0.2, id="the same"), pytest.param(0.0, id="earlier")])
def test_a_time_that_does_not_go_on_is_refused(watcher, time_s):
    for picture, now_s in passing(0.4, 6.0):
        watcher.step(picture, now_s)

    with pytest.raises(BadInput, match="time"):
        watcher.step(picture, time_s)


def test_counts_come_when_a_minute_is_over(watcher):
    counts = {now_s: found for picture, now_s in passing(62.0, 6.0) if (found := watcher.step(picture, now_s).counts)}

    assert list(counts) == [60.0]
    assert sum(one.volume for one in counts[60.0]) == 10
    assert {(one.start_s, one.entity_id.split("/")[0]) for one in counts[60.0]} == {(0.0, "CAM-007")}


def test_who_is_seen_once_only_is_detected_but_not_followed(watcher):
    road, chance = Road(), np.random.default_rng(7)
    seen = 0
    for number in range(100):
        left, top = int(chance.integers(44, 112)), int(chance.integers(0, 120))
        flash = [(left, top, left + 20, top + 16)] if number % 6 == 3 else []
        moment = watcher.step(road.picture(*flash), number / RATE_FPS)
        seen += bool(flash) and len(moment.detections) > 0
        assert moment.tracks == []

    assert seen > 10


def test_the_same_pictures_give_the_same_moments():
    first, second = ([plain(one.step(*shot)) for shot in passing(20.0, 6.0)] for one in (blocks(), blocks()))

    assert any(tracks for _, _, tracks, *_ in first)
    assert first == second


@needs_clips
@pytest.mark.parametrize(
    ("clip", "kinds"),
    [
        pytest.param("625_201709141107", set(), id="free traffic"),
        pytest.param("625_201709042131", set(), id="by lamplight"),
        pytest.param("625_201709041716", {IncidentKind.QUEUE}, id="three lanes that creep"),
    ],
)
def test_of_real_traffic_nothing_but_its_queues_is_raised(detector, clip, kinds):
    watched = watch_clip(REAL / f"{clip}.mp4", detector)

    assert any(moment.tracks for moment in watched.moments)
    assert {one.kind for one in watched.incidents} == kinds
