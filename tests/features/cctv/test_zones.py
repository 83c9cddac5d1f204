"""A camera's own file: what is read of it, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.cctv.zone import Zone, ZoneKind
from features.cctv.zones import load_zones
from features.errors import BadInput
from features.simulated.cctv.film import zones_toml
from features.simulated.cctv.road import Road
from tests.features.simulated.cctv.stage import POSE, scene

SIZE = (POSE.width_px, POSE.height_px)
ZONE = '[[zone]]\nkind = "carriageway"\npoints = '
ARROW = ZONE + "[[0, 0], [90, 0], [9, 90]]\narrow = "


def written(tmp_path, text):
    path = tmp_path / "camera.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_haechi_simulate_writes_is_read(tmp_path):
    text = zones_toml(scene(road=Road(lanes=2, crossing_y_m=28, bus_stop_y_m=50)))
    zones = load_zones(written(tmp_path, text), SIZE)
    assert zones.camera == "CAM-007"
    assert {zone.kind for zone in zones.zones} == set(ZoneKind) - {ZoneKind.PARKING}
    on = POSE.seen(np.array([[1.6, 28, 0], [1.6, 20, 0], [7.5, 20, 0], [12, 20, 0]]))
    assert [zones.at(foot) for foot in on] == [
        {ZoneKind.CARRIAGEWAY, ZoneKind.CROSSING},
        {ZoneKind.CARRIAGEWAY},
        {ZoneKind.SHOULDER},
        set(),
    ]
    assert np.allclose(zones.ground.to_metres(on[1]), [1.6, 20], atol=0.3)


def test_two_strips_that_touch_have_no_edge_between_them(tmp_path):
    zones = load_zones(written(tmp_path, zones_toml(scene())), SIZE)
    middle = POSE.seen(np.array([0.0, 20, 0]))
    kerb = POSE.seen(np.array([6.4, 20, 0]))
    assert zones.depth_px(ZoneKind.CARRIAGEWAY, middle) > 50
    assert abs(zones.depth_px(ZoneKind.CARRIAGEWAY, kerb)) < 1
    assert zones.depth_px(ZoneKind.PARKING, middle) == -np.inf


def test_a_mask_holds_the_pixels_of_its_zones(tmp_path):
    zones = load_zones(written(tmp_path, ZONE + "[[10, 20], [30, 20], [30, 40], [10, 40]]"), SIZE)
    mask = zones.mask(ZoneKind.CARRIAGEWAY)
    assert mask.shape == SIZE[::-1]
    assert mask.sum() == pytest.approx(400, abs=60)
    assert mask[30, 20]
    assert not zones.mask(ZoneKind.SHOULDER).any()


def test_the_hash_is_of_the_content(tmp_path):
    text = ZONE + "[[10, 20], [30, 20], [30, 40]]\n"
    first = load_zones(written(tmp_path, text), SIZE).sha256
    assert load_zones(written(tmp_path, text), SIZE).sha256 == first
    assert load_zones(written(tmp_path, text + "# moved\n"), SIZE).sha256 != first


def test_a_name_is_kept_and_one_is_made_up(tmp_path):
    named = '[[zone]]\nkind = "shoulder"\nname = "갓길"\npoints = [[0, 0], [9, 0], [9, 9]]\n'
    zones = load_zones(written(tmp_path, named + ZONE + "[[10, 20], [30, 20], [30, 40]]\n"), SIZE)
    assert [zone.name for zone in zones.zones] == ["갓길", "carriageway 2"]


def test_an_arrow_says_from_where_to_where_one_drives(tmp_path):
    text = ARROW + "[[40, 60], [42.5, 9]]\n" + ZONE + "[[10, 20], [30, 20], [30, 40]]\n"
    drawn, other = load_zones(written(tmp_path, text), SIZE).zones
    assert drawn.arrow_px.tolist() == [[40, 60], [42.5, 9]]
    assert other.arrow_px is None


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        pytest.param(ZONE + "[[0, 0], [900, 0], [9, 9]]", "outside the picture", id="outside the picture"),
        pytest.param(ZONE + "[[0, 0], [-40, 0], [9, 9]]", "outside the picture", id="left of the picture"),
        pytest.param(ZONE + "[[0, 0], [20, 20], [20, 0], [0, 20]]", "figure of eight", id="self-crossing"),
        pytest.param(ZONE + "[[0, 0], [20, 0], [10, 0], [10, 9]]", "figure of eight", id="folded back on itself"),
        pytest.param(ZONE + "[[0, 0], [20, 0]]", "2 different points", id="too few points"),
        pytest.param(ZONE + "[[0, 0], [20, 0], [0, 0]]", "2 different points", id="the same point twice"),
        pytest.param(ZONE + "[[0, 0], [10, 10], [20, 20]]", "meet", id="on one line"),
        pytest.param(ZONE + "[[0, 0], [1, 0], [0, 1]]", "no area", id="too small"),
        pytest.param(ZONE + '[["a", 0], [20, 0], [0, 20]]', "no list of", id="a word for a number"),
        pytest.param(ZONE + "[[nan, 0], [20, 0], [0, 20]]", "no list of", id="not a number"),
        pytest.param(ZONE + "[[0, 0, 0], [20, 0, 0], [0, 20, 0]]", "no list of", id="three numbers a point"),
        pytest.param(ZONE + "7", "no list of", id="points that are none"),
        pytest.param(ZONE + str([[n, n * n / 300] for n in range(250)]), "different points", id="too many points"),
        pytest.param('[[zone]]\nkind = "carriageway"', "no points", id="no points"),
        pytest.param("[[zone]]\npoints = [[0, 0], [9, 0], [9, 9]]", "no kind", id="no kind"),
        pytest.param(ZONE.replace("carriageway", "carriagway") + "[[0, 0], [9, 0], [9, 9]]", "carriagway", id="kind"),
        pytest.param(ZONE + "[[0, 0], [9, 0], [9, 9]]\ncolour = 1", "colour", id="an unknown key of a zone"),
        pytest.param(ZONE + "[[0, 0], [9, 0], [9, 9]]\nname = 7", "name", id="a name that is none"),
        pytest.param(ARROW + "[[9, 9]]", "two different points", id="an arrow of one point"),
        pytest.param(ARROW + "[[9, 9], [9, 20], [9, 30]]", "two different points", id="an arrow of three points"),
        pytest.param(ARROW + "[[9, 9], [9, 9]]", "two different points", id="an arrow that goes nowhere"),
        pytest.param(ARROW + "[[9, 9], [9, inf]]", "two different points", id="an endless arrow"),
        pytest.param(ARROW + '"up"', "two different points", id="an arrow in words"),
        pytest.param(
            ARROW.replace("carriageway", "shoulder") + "[[9, 9], [9, 20]]", "no direction", id="an arrow of a shoulder"
        ),
        pytest.param("speed = 50", "speed", id="an unknown key"),
        pytest.param("zone = 7", "zone", id="zones that are no tables"),
        pytest.param("ground = 7", "ground", id="a ground that is no table"),
        pytest.param("[ground]\npixels = [[0, 0]]", "no metres", id="a ground without metres"),
        pytest.param("[ground]\npixels = [[0, 0]]\nmetres = [[0, 0]]", "ground", id="a ground of one point"),
        pytest.param("[[zone]\nkind", "TOML", id="no TOML"),
    ],
)
def test_what_is_wrong_is_refused_with_cause_and_mend(tmp_path, text, cause):
    path = written(tmp_path, text)
    with pytest.raises(BadInput) as caught:
        load_zones(path, SIZE)
    assert cause in caught.value.cause
    assert "camera.toml" in caught.value.cause
    assert caught.value.mend


def test_an_unknown_kind_is_answered_with_the_nearest(tmp_path):
    path = written(tmp_path, ZONE.replace("carriageway", "carriagway") + "[[0, 0], [9, 0], [9, 9]]")
    with pytest.raises(BadInput, match="Did you mean 'carriageway'"):
        load_zones(path, SIZE)


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        load_zones(tmp_path / "none.toml", SIZE)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="UTF-8"):
        load_zones(tmp_path / "bytes.toml", SIZE)


corners = st.lists(st.tuples(st.integers(0, SIZE[0]), st.integers(0, SIZE[1])), min_size=3, max_size=9)


def square(x, y, side):
    return [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(corners)
def test_any_list_of_corners_is_a_polygon_or_refused(points):
    try:
        zone = Zone.of(ZoneKind.PARKING, "bay", points, SIZE, where="zone 1")
    except BadInput:
        return
    assert len(zone.points_px) >= 3
    # Turned round or begun elsewhere, it is the same polygon.
    middle = zone.points_px.mean(axis=0)
    for other in (points[::-1], points[1:] + points[:1]):
        again = Zone.of(ZoneKind.PARKING, "bay", other, SIZE, where="zone 1")
        assert again.depth_px(middle) == pytest.approx(zone.depth_px(middle), abs=1e-3)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 200), st.integers(0, 150), st.integers(10, 90), st.floats(-20, 400), st.floats(-20, 300))
def test_a_depth_is_the_distance_to_the_nearest_side(x, y, side, at_x, at_y):
    zone = Zone.of(ZoneKind.PARKING, "bay", square(x, y, side), SIZE, where="zone 1")
    off = np.maximum(np.maximum([x - at_x, y - at_y], [at_x - x - side, at_y - y - side]), -np.inf)
    expected = -np.hypot(*off.clip(min=0)) if (off > 0).any() else -off.max()
    assert zone.depth_px((at_x, at_y)) == pytest.approx(expected, abs=1e-2)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(1, 300), st.integers(1, 200), st.integers(3, 40))
def test_a_figure_of_eight_is_refused_wherever_it_lies(x, y, side):
    a, b, c, d = square(x, y, side)
    with pytest.raises(BadInput, match="figure of eight"):
        Zone.of(ZoneKind.PARKING, "bay", [a, c, b, d], SIZE, where="zone 1")
