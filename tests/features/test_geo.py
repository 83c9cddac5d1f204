"""Places in Seoul: districts, distances, cells."""

import json
from itertools import combinations, pairwise
from math import inf, nan

import h3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import BadInput
from features.geo import DISTRICTS, distance_km, h3_cell, nearest_district

LAT = st.floats(-89.9, 89.9)
LON = st.floats(-180, 180)


def test_seoul_has_25_districts_each_named_once_in_both_languages():
    assert len({district.name_ko for district in DISTRICTS}) == 25
    assert len({district.name_en for district in DISTRICTS}) == 25
    assert all(district.name_ko.endswith("구") and district.name_en.endswith("-gu") for district in DISTRICTS)


def test_every_office_lies_in_seoul_and_a_kilometre_from_the_next():
    assert all(37.42 < district.lat < 37.70 and 126.76 < district.lon < 127.18 for district in DISTRICTS)
    assert all(distance_km(a.lat, a.lon, b.lat, b.lon) > 1 for a, b in combinations(DISTRICTS, 2))


@pytest.mark.parametrize("district", [pytest.param(district, id=district.name_en) for district in DISTRICTS])
def test_an_office_is_in_its_own_district(district):
    assert nearest_district(district.lat, district.lon) == district


def test_an_office_lies_within_the_official_borders_of_its_district(real_data):

    borders = json.loads((real_data / "geo/seoul_gu_2021.geojson").read_text(encoding="utf-8"))["features"]
    official = {border["properties"]["name"]: border["geometry"] for border in borders}
    for district in DISTRICTS:
        geometry = official[district.name_ko]
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        assert any(_inside(district.lon, district.lat, rings[0]) for rings in polygons), district


@pytest.mark.parametrize(
    ("lat", "lon", "name"),
    [
        pytest.param(37.5512, 126.9882, "Jung-gu", id="a park between three districts goes to the nearest office"),
        pytest.param(37.5125, 127.1025, "Songpa-gu", id="Lotte tower"),
        pytest.param(35.18, 129.08, "Songpa-gu", id="Busan is not in Seoul, but has a nearest district"),
    ],
)
def test_nearest_district(lat, lon, name):
    apart = [distance_km(lat, lon, district.lat, district.lon) for district in DISTRICTS]
    assert nearest_district(lat, lon).name_en == name == DISTRICTS[int(np.argmin(apart))].name_en


@pytest.mark.parametrize(("lat", "lon"), [(nan, 127.0), (37.5, inf), (91.0, 127.0), (127.0, 37.5), (37.5, -181.0)])
@pytest.mark.parametrize("ask", [nearest_district, h3_cell])
def test_what_is_no_place_is_refused_with_a_mend(ask, lat, lon):
    with pytest.raises(BadInput, match=r"not a place on Earth.*37\.57"):
        ask(lat, lon)


@given(LAT, LON, LAT, LON)
def test_distance_is_symmetric_and_at_most_half_way_round(lat, lon, other_lat, other_lon):
    there, back = distance_km(lat, lon, other_lat, other_lon), distance_km(other_lat, other_lon, lat, lon)
    assert 0 <= there <= np.pi * 6371.01
    assert there == pytest.approx(back, abs=1e-6)


@given(LAT, LON, st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))
def test_distance_agrees_with_h3(lat, lon, north, east):
    other = (max(-89.9, min(89.9, lat + north)), max(-180.0, min(180.0, lon + east)))
    assert distance_km(lat, lon, *other) == pytest.approx(h3.great_circle_distance((lat, lon), other), abs=1e-3)


def test_a_place_lies_in_its_cell():
    assert h3.get_resolution(h3_cell(37.5663, 126.9779)) == 8
    centre = h3.cell_to_latlng(h3_cell(37.5663, 126.9779))
    assert distance_km(37.5663, 126.9779, *centre) < 0.6


def _inside(x, y, ring):
    crossings = 0
    for (x1, y1), (x2, y2) in pairwise(ring):
        crossings += (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1
    return crossings % 2 == 1
