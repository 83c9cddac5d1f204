"""Plain values become a config, or the mistake in them is named."""

from dataclasses import dataclass

import pytest

from features.errors import BadInput, UnknownName
from features.plain import from_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Kitchen:
    cooks: int = 2
    heat: float = 0.5
    name: str = "small"
    days: tuple[int, ...] = (1, 7)
    dishes: tuple[str, ...] = ("soup", "rice")
    shares: tuple[float, ...] = (0.1, 0.9)

    def __post_init__(self) -> None:
        if not self.cooks:
            raise BadInput(cause="nobody cooks", mend="Send a cook")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, Kitchen(), id="nothing: the defaults"),
        pytest.param({"cooks": 5, "name": "large"}, Kitchen(cooks=5, name="large"), id="a number and a word"),
        pytest.param({"heat": 1}, Kitchen(heat=1.0), id="a whole number is a number"),
        pytest.param({"days": [2, 3]}, Kitchen(days=(2, 3)), id="a list"),
        pytest.param({"days": (2,)}, Kitchen(days=(2,)), id="a tuple"),
        pytest.param({"dishes": ["tea"]}, Kitchen(dishes=("tea",)), id="words"),
        pytest.param({"shares": [0, 0.5]}, Kitchen(shares=(0.0, 0.5)), id="whole numbers among numbers"),
    ],
)
def test_values_of_the_right_type_are_taken(values, expected):
    found = from_plain(Kitchen, values)

    assert found == expected
    assert [type(getattr(found, name)) for name in values] == [type(getattr(expected, name)) for name in values]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param({"cooks": "2"}, "cooks='2' is not int", id="a word for a number"),
        pytest.param({"cooks": 2.0}, r"cooks=2\.0 is not int", id="a broken number"),
        pytest.param({"cooks": True}, "cooks=True is not int", id="a yes"),
        pytest.param({"heat": True}, "heat=True is not float", id="a yes for a share"),
        pytest.param({"heat": None}, "heat=None is not float", id="nothing"),
        pytest.param({"name": 3}, "name=3 is not str", id="a number for a word"),
        pytest.param({"days": 7}, "days=7 is no list of whole numbers", id="no list"),
        pytest.param({"days": [1.5]}, "no list of whole numbers", id="a broken number in it"),
        pytest.param({"dishes": "soup"}, "dishes='soup' is no list of words", id="a word for words"),
        pytest.param({"dishes": ["soup", 1]}, "no list of words", id="a number among words"),
        pytest.param({"shares": [True]}, "no list of numbers", id="a yes among numbers"),
        pytest.param({"cooks": 0}, "nobody cooks", id="what the config itself refuses"),
    ],
)
def test_values_of_another_type_are_refused_by_name(values, message):
    with pytest.raises(BadInput, match=message):
        from_plain(Kitchen, values)


def test_a_key_that_is_no_field_offers_the_nearest():
    with pytest.raises(UnknownName, match=r"no setting 'cook'.*Did you mean 'cooks'"):
        from_plain(Kitchen, {"cook": 3})
