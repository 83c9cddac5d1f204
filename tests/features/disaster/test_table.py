"""The hazard table: what comes with Haechi, a city's own, and every mistake in one."""

import re

import pytest

from features.disaster.table import hazard, hazards
from features.errors import BadInput, UnknownName

ROW = """
[[hazard]]
name = "smog"
words = { ko = "스모그", en = "Smog" }
category = "Health"
quantity = "o3_ppm"
unit = "ppm"
step_min = 60
horizons_h = [1, 3]
alarm_h = 3
kind = "air station"
source = "a city's own rule"
hold = 3

[[hazard.levels]]
name = "advisory"
words = { ko = "주의보", en = "advisory" }
severity = "Moderate"
met = [[{ quantity = "o3_ppm", at_least = 0.12 }]]
advice = { ko = "알린다", en = "Tell people" }

[[hazard.levels]]
name = "warning"
words = { ko = "경보", en = "warning" }
severity = "Severe"
met = [[{ quantity = "o3_ppm", at_least = 0.3 }]]
released = [{ quantity = "o3_ppm", below = 0.12 }]
advice = { ko = "멈춘다", en = "Stop" }

[[hazard.signals]]
quantity = "o3_ppm"
plausible = [0, 1]
"""


@pytest.fixture
def city_table(tmp_path):
    def write(text: str):
        path = tmp_path / "hazards.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_every_hazard_tells_operators_what_to_do_in_both_languages():
    found = hazards()
    assert {"pm25", "pm10", "river_jamsu", "heat", "cold", "rain"} <= set(found)
    for row in found.values():
        assert row.source
        for level in row.levels:
            for words in (row.words, level.words, level.advice):
                assert re.search("[가-힣]", words.ko), words
                assert not re.search("[가-힣]", words.en), words


def test_a_city_replaces_the_table(city_table):
    found = hazards(city_table(ROW))
    assert list(found) == ["smog"]
    assert found["smog"].level("warning").met[0][0].threshold == 0.3


def test_an_unknown_hazard_offers_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'pm25'"):
        hazard("pm2.5")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param(
            ROW[ROW.index("[[hazard.levels]]") :], "", "hazard 'smog', levels: Field required", id="no levels"
        ),
        pytest.param("at_least = 0.12", "readings = 2", "no threshold", id="a condition without a threshold"),
        pytest.param("at_least = 0.3", "at_least = 0.3, below = 1", "at_least and below", id="two comparisons"),
        pytest.param("at_least = 0.12", "at_least = 0.4", "thresholds out of order", id="thresholds out of order"),
        pytest.param("below = 0.12", "below = 0.4", "calm side of 0.3", id="a release above the threshold"),
        pytest.param("below = 0.12", "above = 0.12", "calm side of 0.3", id="a release on the wrong side"),
        pytest.param("at_least = 0.3", 'at_least = "x"', "valid number", id="a threshold of letters"),
        pytest.param("at_least = 0.3", "at_least = nan", "finite", id="a threshold that is none"),
        pytest.param('name = "warning"', 'name = "advisory"', "level 'advisory' is there twice", id="a level twice"),
        pytest.param("[1, 3]", "[3, 1]", "does not rise", id="horizons out of order"),
        pytest.param("[1, 3]", "[]", "at least 1 item", id="no horizons"),
        pytest.param("alarm_h = 3", "alarm_h = 2", "alarm_h = 2 is none", id="an alarm for no horizon"),
        pytest.param("step_min = 60", "step_min = 50", "no whole number of readings", id="horizons off the clock"),
        pytest.param('"ppm"', '"ppb"', "unit 'ppb' is not that of 'o3_ppm', ppm", id="another unit"),
        pytest.param("at_least = 0.3", "at_least = 30", "threshold 30 lies outside", id="a threshold beyond all"),
        pytest.param("hold = 3", "hold = 3\nhigh = 9", "high 9 lies outside what is plausible", id="high beyond all"),
        pytest.param('"Severe"', '"Bad"', "'Minor', 'Moderate'", id="a severity that CAP does not know"),
        pytest.param('category = "Health"', 'colour = "red"', "category: Field required", id="a key missing"),
        pytest.param('kind = "air station"', 'kind = "air station"\ncolour = 1', "colour: Extra", id="a key too many"),
        pytest.param(
            'advice = { ko = "멈춘다", en = "Stop" }', "", "advice: Field required", id="a level without advice"
        ),
        pytest.param(ROW, ROW + ROW, "hazard 'smog' twice", id="a hazard twice"),
        pytest.param(ROW, "", "Field required", id="an empty table"),
        pytest.param(ROW, "hazard = 3", "valid", id="no table at all"),
        pytest.param(ROW, "[[hazard]", "not valid TOML", id="no TOML"),
    ],
)
def test_a_wrong_row_is_named_with_its_field(city_table, old, new, said):
    assert old in ROW
    path = city_table(ROW.replace(old, new, 1))
    with pytest.raises(BadInput) as refused:
        hazards(path)
    assert str(path) in refused.value.cause
    assert said in refused.value.cause
    assert refused.value.mend


def test_a_table_that_cannot_be_read_names_the_setting(tmp_path):
    with pytest.raises(BadInput, match="HAECHI_HAZARDS"):
        hazards(tmp_path / "none.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="UTF-8"):
        hazards(binary)
