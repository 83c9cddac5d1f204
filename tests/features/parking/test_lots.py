import numpy as np
import polars as pl
import pytest

from features.errors import ArtifactMismatch, BadInput, HaechiError, UnknownName
from features.parking import lots
from features.parking.lots import read

TABLE = """entity_id,name,city,kind,capacity,lat,lon,ev_bays
north,North,Bonn,garage,400,50.7,7.1,4
south,,Bonn,,,,,
market,Market,Ulm,street,65535,48.4,10.0,0
"""


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "lots.csv"
        path.write_text(text)
        return path

    return write


def test_what_a_table_says_of_each_lot(table):
    found = read(table(TABLE), ("lot_id",))
    assert found.ids == ("north", "south", "market")
    assert found.name == ("North", "south", "Market"), "the id where nobody says"
    assert found.city == ("Bonn", "Bonn", "Ulm")
    assert found.kind == ("garage", "", "street")
    np.testing.assert_array_equal(found.capacity, [400, np.nan, 65535])
    assert found.places().tolist() == [True, False, True]
    assert np.isnan(found.max_height_m).all(), "a column that is not there"


def test_the_columns_that_name_a_lot_in_the_counts_name_it_here(table):
    assert read(table("city,lot,capacity\nBonn,1,20\nUlm,1,30\n"), ("city", "lot")).ids == ("Bonn/1", "Ulm/1")


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        pytest.param("entity_id,capacity\na,1\na,2\n", BadInput, "the lot 'a' twice.*one row a lot", id="a lot twice"),
        pytest.param("entity_id,capacity\na,1\nb,many\n", BadInput, "row 2: 'capacity' is 'many'", id="a word"),
        pytest.param("entity_id,capacity\na,-1\n", BadInput, "row 1: 'capacity' is '-1'", id="a negative capacity"),
        pytest.param("entity_id,capacity\na,inf\n", BadInput, "'capacity' is 'inf'", id="without end"),
        pytest.param("entity_id,lat\na,91\n", BadInput, "'lat' is '91'", id="beyond the pole"),
        pytest.param("entity_id,lon\na,-181\n", BadInput, "'lon' is '-181'", id="beyond the date line"),
        pytest.param('entity_id,lat\na,"50,7"\n', BadInput, "decimal point", id="a decimal comma"),
        pytest.param("entity_id,capacity\n ,1\n", BadInput, "row 1 names no lot", id="no name"),
        pytest.param("entityid,capacity\na,1\n", UnknownName, "entityid", id="a column misspelt"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused(table, text, error, words):
    with pytest.raises(error, match=f"(?s){words}"):
        read(table(text), ("lot_id",))


def test_a_table_that_is_not_there_is_refused_with_what_to_give(tmp_path):
    with pytest.raises(BadInput, match=r"There is no entity table.*--entities FILE"):
        read(tmp_path / "lots.csv", ("lot_id",))


def test_lots_are_chosen_joined_and_come_back_from_a_file(table, tmp_path):
    known = read(table(TABLE), ("lot_id",))
    some = known.select(["market", "unheard of"])
    assert (some.ids, some.name, some.city) == (("market", "unheard of"), ("Market", "unheard of"), ("Ulm", ""))
    np.testing.assert_array_equal(some.capacity, [65535, np.nan])
    both = known.select(["north"]).joined(some)
    both.save(tmp_path / lots.FILE)
    again = lots.load(tmp_path / lots.FILE)
    assert len(again) == 3
    for name in ("ids", "name", "city", "kind"):
        assert getattr(again, name) == getattr(both, name)
    np.testing.assert_array_equal(again.lat, both.lat)


def test_of_lots_without_a_table_nothing_is_known():
    found = lots.nameless(["a", "b"])
    assert found.name == ("a", "b")
    assert np.isnan(found.capacity).all()


def test_a_file_of_another_form_is_refused(tmp_path):
    with pytest.raises(ArtifactMismatch, match="Train the model again"):
        lots.load(tmp_path / lots.FILE)
    pl.DataFrame({"entity_id": ["a"]}).write_parquet(tmp_path / lots.FILE)
    with pytest.raises(HaechiError, match="cannot be read"):
        lots.load(tmp_path / lots.FILE)
