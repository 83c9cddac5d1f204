"""Where entities are, from the table that a user brings."""

import numpy as np
import pytest

from features.errors import BadInput, UnknownName
from training.places import positions

ENTITIES = ("A-01/in", "A-01/out", "B-09/in")


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "sites.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_entity_columns_are_joined_as_in_the_measurements(table):
    path = table("site_id,direction,lat,lon\nA-01,out,37.5,127.0\nA-01,in,37.6,127.1\n")

    lat, lon = positions(path, ("site_id", "direction"), ENTITIES)

    np.testing.assert_allclose(lat, [37.6, 37.5, np.nan], rtol=1e-6)
    np.testing.assert_allclose(lon, [127.1, 127.0, np.nan], rtol=1e-6)


def test_an_entity_table_of_our_own_shape(table):
    lat, _ = positions(table("entity_id,name,lat,lon\nB-09/in,서울역,37.5,127.0\n"), ("site_id", "direction"), ENTITIES)

    np.testing.assert_allclose(lat, [np.nan, np.nan, 37.5])


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        pytest.param("entity_id,lat\nB-09/in,37\n", UnknownName, "no column of .* 'lon'", id="no longitude"),
        pytest.param("site,lat,lon\nB-09,37,127\n", UnknownName, "no column of .* 'entity_id'", id="no entity"),
        pytest.param("entity_id,lat,lon\nZ,37,127\n", BadInput, "None of the 3 entities is in", id="other places"),
        pytest.param("entity_id,lat,lon\n", BadInput, "no rows", id="no row"),
        pytest.param("entity_id,lat,lon\nB-09/in,north,127\n", BadInput, "row 1: .lat. is", id="a word as latitude"),
        pytest.param("", BadInput, "sites.csv", id="an empty file"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(text, error, message, table):
    with pytest.raises(error, match=message):
        positions(table(text), ("site_id", "direction"), ENTITIES)


def test_a_table_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInput, match="There is no entity table"):
        positions(tmp_path / "gone.csv", ("entity_id",), ENTITIES)
