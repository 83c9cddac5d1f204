"""CVAT's exports, and what is no export."""

import zipfile

import numpy as np
import pytest

from features.cctv.kinds import KINDS, UserKind
from features.errors import BadInput
from training.cctv.cvat import read_tracks

BOX = '<box frame="{frame}" outside="{outside}" occluded="0" xtl="{left}" ytl="10" xbr="30.5" ybr="40">{type}</box>'
TYPE = '<attribute name="parked">false</attribute><attribute name="type">{}</attribute>'
TRACK = '<track id="{number}" label="{label}">{boxes}</track>'


def box(frame=0, outside=0, left=10, kind="car"):
    return BOX.format(frame=frame, outside=outside, left=left, type=TYPE.format(kind))


def exported(tracks="", version="1.1", name="annotations.xml", size="<width>352</width><height>288</height>"):
    meta = f"<meta><task><original_size>{size}</original_size></task><source>cam_2019-06-28_13-02.mp4</source></meta>"
    return {name: f'<?xml version="1.0"?><annotations><version>{version}</version>{meta}{tracks}</annotations>'}


@pytest.fixture
def zipped(tmp_path):
    def write(members):
        path = tmp_path / "film.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path

    return write


def test_tracks_are_read_frame_by_frame(zipped):
    first = TRACK.format(number=3, label="vehicle", boxes=box() + box(1) + box(2, outside=1))
    second = TRACK.format(number=4, label="vehicle", boxes=box(1, left=12.25, kind="bus"))

    read = read_tracks(zipped(exported(first + second)))

    assert (read.size_wh_px, read.source, sorted(read.frames)) == ((352, 288), "cam_2019-06-28_13-02.mp4", [0, 1])
    assert read.frames[1].track_id.tolist() == [3, 4]
    np.testing.assert_array_equal(read.frames[1].xyxy_px, [[10, 10, 30.5, 40], [12.25, 10, 30.5, 40]])
    assert [KINDS[number] for number in read.frames[1].kind] == [UserKind.CAR, UserKind.BUS]
    assert read.frames[1].counts.all()


@pytest.mark.parametrize(
    ("label", "told", "kind"),
    [
        pytest.param("vehicle", "undefined", UserKind.CAR, id="a vehicle whose type nobody told"),
        pytest.param("vehicle", "truck", UserKind.TRUCK, id="by its type"),
        pytest.param("Person", "undefined", UserKind.PERSON, id="by its label"),
    ],
)
def test_kinds(zipped, label, told, kind):
    read = read_tracks(zipped(exported(TRACK.format(number=1, label=label, boxes=box(kind=told)))))
    assert KINDS[read.frames[0].kind[0]] is kind


@pytest.mark.parametrize(
    ("members", "named"),
    [
        pytest.param({"readme.txt": "hello"}, "annotations.xml", id="another zip"),
        pytest.param({"annotations.xml": "<annotations>"}, "no element found", id="cut off"),
        pytest.param(exported(version="2.0"), "2.0", id="another version"),
        pytest.param(exported(size=""), "missing", id="no size"),
        pytest.param(exported(TRACK.format(number="x", label="vehicle", boxes="")), "'x'", id="no number"),
        pytest.param(exported(TRACK.format(number=1, label="vehicle", boxes="<box/>")), "outside", id="no frame"),
        pytest.param(exported(TRACK.format(number=1, label="cloud", boxes=box(kind="none"))), "cloud", id="no user"),
    ],
)
def test_what_is_no_export_is_refused(zipped, members, named):
    path = zipped(members)
    with pytest.raises(BadInput, match="CVAT for video") as refusal:
        read_tracks(path)
    assert str(path) in refusal.value.cause
    assert named in refusal.value.cause


def test_what_is_no_zip_is_refused(tmp_path):
    path = tmp_path / "film.zip"
    path.write_bytes(b"PK but not really")
    with pytest.raises(BadInput, match="no annotation of a film"):
        read_tracks(path)
