"""How a legend says a criterion."""

import pytest

from features.disaster.quantity import called
from features.disaster.table import hazard, hazards
from features.disaster.wording import criterion, release


@pytest.mark.parametrize(
    ("name", "level", "ko", "en"),
    [
        pytest.param(
            "pm25",
            "advisory",
            "초미세먼지 농도 75 ug/m3 이상, 2시간 연속",
            "PM2.5 at least 75 ug/m3, 2 hours in a row",
            id="two readings",
        ),
        pytest.param("river_jamsu", "vehicles", "수위 620 cm 이상", "water level at least 620 cm", id="one reading"),
        pytest.param(
            "heat",
            "advisory",
            "최고 체감온도 33 C 이상, 2일 연속",
            "highest apparent temperature at least 33 C, 2 days in a row",
            id="two days",
        ),
        pytest.param(
            "rain",
            "advisory",
            "3시간 강수량 60 mm 이상 또는 12시간 강수량 110 mm 이상",
            "rain at least 60 mm in 3 h or rain at least 110 mm in 12 h",
            id="two ways",
        ),
    ],
)
def test_a_criterion_is_said_in_both_languages(name, level, ko, en):
    row = hazard(name)
    said = criterion(row, row.level(level))
    assert (said.ko, said.en) == (ko, en)


def test_every_quantity_of_the_table_has_a_name_in_korean():
    table = [(row.name, quantity) for row in hazards().values() for quantity in row.quantities]
    table += [(row.name, one.quantity) for row in hazards().values() for one in row.signals]
    assert [(row, quantity) for row, quantity in table if called(quantity).ko.isascii()] == []


def test_a_release_is_said_where_there_is_a_rule_of_its_own():
    dust, river = hazard("pm25"), hazard("river_jamsu")
    assert release(dust, dust.levels[0]).en == "PM2.5 below 35 ug/m3"
    assert release(river, river.levels[0]).en == "as soon as it is not met"
