"""No face and no plate leaves a camera's process: every picture goes through one door, and is blurred there."""

import ast
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from features.cctv.detections import Detections
from features.cctv.kinds import IncidentKind, UserKind
from features.errors import BadInput
from serving import cctv
from serving.cctv.evidence import Evidence, Film, Scene
from serving.cctv.observer import Observer
from serving.cctv.snapshots import Snapshots
from tests.serving.cctv import doubles
from tests.serving.cctv.doubles import CAR_PX, PERSON_PX, SHARP, picture, sharpness

PACKAGE = Path(cctv.__file__).parent
# Lines that are drawn on a blurred picture, and JPEG's own rings around them.
BLURRED = SHARP / 4


def scene(number: int = 0, **changes: object) -> Scene:
    asked = {
        "picture": picture(number),
        "time_s": number / doubles.FPS,
        "detections": Detections.of([(*PERSON_PX, 0.4, UserKind.PERSON)]),
        "tracks": (doubles.track(CAR_PX, UserKind.CAR),),
        "incidents": (doubles.incident(),),
        "doubtful": False,
        "carriageway": None,
        "simulated": False,
    }
    return Scene(**{**asked, **changes})


def frames_of(path: Path) -> list[np.ndarray]:
    video, found = cv2.VideoCapture(str(path)), []
    while (read := video.read())[0]:
        found.append(read[1])
    video.release()
    return found


def test_a_person_is_unrecognisable_also_before_any_track_confirms_them():
    shown = Evidence.of(scene()).picture
    assert sharpness(shown, PERSON_PX) < BLURRED


def test_a_tracked_person_is_unrecognisable_also_where_nothing_was_detected_now():
    walker = doubles.track(PERSON_PX, UserKind.PERSON)
    shown = Evidence.of(scene(detections=Detections.of([]), tracks=(walker,))).picture
    assert sharpness(shown, PERSON_PX) < BLURRED


def test_a_person_whom_an_incident_is_about_is_unrecognisable_also_once_nobody_follows_them():
    lasts = doubles.incident(kind=IncidentKind.PEDESTRIAN_ON_CARRIAGEWAY, xyxy_px=PERSON_PX)
    shown = Evidence.of(scene(detections=Detections.of([]), tracks=(), incidents=(lasts,))).picture
    assert sharpness(shown, PERSON_PX) < BLURRED


def test_in_doubt_nothing_stays_sharp_that_was_not_detected():
    shown = Evidence.of(scene(detections=Detections.of([]), tracks=(), incidents=(), doubtful=True)).picture
    assert sharpness(shown, PERSON_PX) < BLURRED
    assert sharpness(shown, CAR_PX) < BLURRED


def test_the_picture_that_is_watched_is_not_drawn_on():
    asked = scene(detections=Detections.of([]), tracks=(), simulated=True)
    before = asked.picture.copy()
    Evidence.of(asked)
    np.testing.assert_array_equal(asked.picture, before)


def test_what_is_simulated_says_so_in_the_picture():
    plain, labelled = (Evidence.of(scene(simulated=simulated)).picture for simulated in (False, True))
    assert (plain[-20:] != labelled[-20:]).any()


def test_a_snapshot_is_named_by_the_hash_of_its_file(tmp_path):
    kept = Evidence.of(scene()).keep(tmp_path / "one.jpg")
    assert kept.sha256 == hashlib.sha256(Path(kept.file).read_bytes()).hexdigest()
    assert [path.name for path in tmp_path.iterdir()] == ["one.jpg"]


def test_a_film_shows_each_picture_as_long_as_it_lasted(tmp_path):
    with Film(tmp_path / "seen.mp4", fps=5) as film:
        for number in (0, 1, 2, 5):
            film.add(Evidence.of(scene(number)))
        assert not (tmp_path / "seen.mp4").exists()
    assert len(frames_of(tmp_path / "seen.mp4")) == 6
    assert len(list(tmp_path.iterdir())) == 1


def test_a_film_leaves_out_the_hours_of_a_gap(tmp_path):
    with Film(tmp_path / "seen.mp4", fps=5) as film:
        for number in (0, 1, 100_000, 100_001):
            film.add(Evidence.of(scene(number)))
    assert len(frames_of(tmp_path / "seen.mp4")) == 4


def test_a_film_goes_on_in_its_own_size_where_the_camera_changes_its(tmp_path):
    with Film(tmp_path / "seen.mp4", fps=5) as film:
        film.add(Evidence.of(scene(0)))
        film.add(Evidence.of(scene(1, picture=picture(1, (320, 240)))))
    assert [shown.shape for shown in frames_of(tmp_path / "seen.mp4")] == [(120, 160, 3)] * 2


def test_a_film_that_breaks_off_is_whole_as_far_as_it_came(tmp_path):
    def broken() -> None:
        with Film(tmp_path / "seen.mp4", fps=5) as film:
            film.add(Evidence.of(scene()))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        broken()
    assert len(frames_of(tmp_path / "seen.mp4")) == 1


def test_a_film_of_nothing_leaves_nothing(tmp_path):
    with Film(tmp_path / "seen.mp4", fps=5):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", [pytest.param("seen.avi", id="no MPEG-4"), pytest.param("gone/seen.mp4", id="no folder")]
)
def test_a_film_that_cannot_be_is_refused_before_it_begins(tmp_path, name):
    with pytest.raises(BadInput):
        Film(tmp_path / name, fps=5)


@pytest.mark.parametrize("address", [pytest.param("double:5", id="day"), pytest.param("double:5:night", id="in doubt")])
def test_no_unblurred_frame_reaches_the_disk_or_leaves_the_process(tmp_path, monkeypatch, address):
    """All that a whole watch writes, and all that it tells, through whatever of OpenCV's doors."""
    encoded, told = [], []
    imencode = cv2.imencode
    monkeypatch.setattr(
        cv2, "imencode", lambda kind, shown, *more: encoded.append(shown) or imencode(kind, shown, *more)
    )
    monkeypatch.setattr(cv2, "imwrite", lambda *_: pytest.fail("a picture was written past the door"))
    monkeypatch.setattr("serving.cctv.observer._SHOW_S", 0.0)
    config = doubles.config(tmp_path, snapshots=tmp_path / "kept", preview=True)
    sight = doubles.sight(address=address, film=tmp_path / "seen.mp4")
    Observer(sight, config, doubles.Doubles(config), told.append).run()

    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert [path.suffix for path in files] == [".jpg", ".mp4"]
    pictures = [cv2.imread(str(files[0])), *frames_of(files[1]), *encoded]
    pictures += [
        cv2.imdecode(np.frombuffer(one.jpeg, np.uint8), cv2.IMREAD_COLOR) for one in told if hasattr(one, "jpeg")
    ]
    assert len(pictures) > 3 * 20
    for shown in pictures:
        assert sharpness(shown, PERSON_PX) < BLURRED


def test_nothing_but_the_door_writes_or_encodes_a_picture():
    doors = {"imwrite", "imencode", "imwritemulti", "imencodemulti", "VideoWriter", "tofile", "save", "savez", "imsave"}
    found = {}
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        names |= {one.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for one in node.names}
        if names & doors:
            found[path.name] = names & doors
    assert found == {"evidence.py": {"imencode", "VideoWriter"}}


def test_evidence_is_made_in_one_place_alone():
    made = [
        path.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Evidence"
    ]
    assert made == []


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        pytest.param("A_20260601T000000Z_1.jpg", False, id="old"),
        pytest.param("A_20260630T000000Z_2.jpg", True, id="young"),
        pytest.param("holiday.jpg", True, id="somebody's own"),
        pytest.param("A_20260601T000000Z_1.txt", True, id="no snapshot"),
    ],
)
def test_snapshots_expire_and_nothing_else_does(tmp_path, name, stays):
    (tmp_path / name).write_bytes(b"")
    gone = Snapshots(tmp_path).expire(datetime(2026, 7, 10, tzinfo=UTC), keep_days=30)
    assert (tmp_path / name).exists() is stays
    assert gone == (not stays)
