"""A space that makes no sense is refused before the first trial, with the key and the mend."""

import numpy as np
import pytest

from features.errors import BadInput, UnknownName
from tests.training.search.doubles import Bowl, problem
from training.search.axis import axis
from training.search.space import read_space, size

SEED = 7


@pytest.fixture
def read(tmp_path):
    """The space that a file's text describes."""

    def call(text, **changes):
        path = None
        if text is not None:
            path = tmp_path / "space.toml"
            path.write_text(text, encoding="utf-8")
        return read_space(path, problem(Bowl(tmp_path / "log"), **changes), SEED)

    return call


SPACE = """
[space]
width = {low = 8, high = 32, step = 8}
rate = {low = 1e-4, high = 1, log = true}
kind = ["plain", "other", "plain"]
lags = [[1, 7], [7]]
"""


def test_what_a_file_says_is_drawn(read):
    space = read(SPACE)
    print(f"seed {SEED}")  # noqa: T201
    chance = np.random.default_rng(SEED)
    drawn = [{key: one.draw(chance) for key, one in space.items()} for _ in range(200)]

    assert {one["width"] for one in drawn} == {8, 16, 24, 32}
    assert all(1e-4 <= one["rate"] <= 1 for one in drawn)
    assert {one["rate"] < 1e-2 for one in drawn} == {True, False}
    assert {one["kind"] for one in drawn} == {"plain", "other"}
    assert {tuple(one["lags"]) for one in drawn} == {(1, 7), (7,)}
    assert all(type(one["width"]) is int for one in drawn)


def test_without_a_file_the_domain_says_and_what_is_set_is_not_searched(read):
    said = {"width": {"low": 1, "high": 20}, "rate": [0.1, 0.2]}

    assert list(read(None, space=said)) == ["width", "rate"]
    assert list(read(None, space=said, fixed={"width": 3})) == ["rate"]
    with pytest.raises(BadInput, match="is set already"):
        read(None, space=said, fixed={"width": 3, "rate": 0.1})


@pytest.mark.parametrize(
    ("line", "points"),
    [
        pytest.param("width = {low = 1, high = 4}", 4, id="whole numbers"),
        pytest.param("width = {low = 2, high = 8, step = 2}", 4, id="in steps"),
        pytest.param("kind = ['a', 'b']\nlags = [[1], [7], [1, 7]]", 6, id="choices times choices"),
        pytest.param("rate = {low = 0, high = 1}", None, id="no end of fractions"),
        pytest.param("rate = {low = 0, high = 1, step = 0.25}", 5, id="fractions in steps"),
    ],
)
def test_size(line, points, read):
    assert size(read(f"[space]\n{line}")) == points


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        pytest.param("widht = [1]", UnknownName, "Did you mean 'width'", id="an unknown key"),
        pytest.param("width = []", BadInput, "width = .* no choices", id="no choice"),
        pytest.param("width = 5", BadInput, "width = 5 .* neither", id="one value"),
        pytest.param("width = [4, 'five']", BadInput, "width: the choice 'five' is not a whole", id="a text"),
        pytest.param("width = [4, true]", BadInput, "width: the choice True", id="a yes for a number"),
        pytest.param("lags = [1, 7]", BadInput, "lags: the choice 1 is not a list", id="a list for a choice of lists"),
        pytest.param("kind = {low = 1, high = 2}", BadInput, "kind is a text, which has no range", id="a text's range"),
        pytest.param("width = {low = 5, high = 5}", BadInput, "width: low = 5 .* nothing between", id="a point"),
        pytest.param("width = {low = 9, high = 5}", BadInput, "width: .* nothing between", id="upside down"),
        pytest.param("width = {low = 9}", BadInput, "width: high is missing", id="no high"),
        pytest.param("width = {low = 1.5, high = 5}", BadInput, "width: low = 1.5 is not a whole", id="half a width"),
        pytest.param("width = {lo = 1, high = 5}", UnknownName, "Did you mean 'low'", id="a part there is none of"),
        pytest.param("rate = {low = 0, high = 1, log = true}", BadInput, "rate: .* above 0", id="log of nothing"),
        pytest.param("rate = {low = 0.1, high = 1, log = 1}", BadInput, "rate: log = 1", id="log is no number"),
        pytest.param("rate = {low = 0, high = inf}", BadInput, "rate: high = inf", id="without end"),
        pytest.param("rate = {low = nan, high = 1}", BadInput, "rate: low = nan", id="no number"),
        pytest.param("width = {low = 1, high = 8, step = 3}", BadInput, "width: .* step = 3", id="a step beside it"),
        pytest.param("width = {low = 1, high = 8, step = 0}", BadInput, "width: .* step = 0", id="no step"),
        pytest.param(
            "width = {low = 1, high = 8, step = 7, log = true}", BadInput, "width has both", id="a step and a log"
        ),
        pytest.param("deep = [true, false]", BadInput, "deep cannot be searched: it asks", id="another question"),
        pytest.param("width = {low = 0, high = 200}", BadInput, "width cannot be searched so: width=0", id="both ends"),
        pytest.param("width = [-1, 0]", BadInput, "width cannot be searched so: width=-1", id="every choice"),
        pytest.param("width = [1]\nrate = [1]", BadInput, "width and rate are the same", id="no valid point"),
    ],
)
def test_a_space_that_cannot_be_sampled_is_refused(line, error, message, read):
    with pytest.raises(error, match=message):
        read(f"[space]\n{line}")


def test_a_setting_that_is_set_cannot_be_searched(read):
    with pytest.raises(BadInput, match="width is both set and searched"):
        read("[space]\nwidth = [1, 2]", fixed={"width": 3})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "no table 'space'", id="empty"),
        pytest.param("[space]", "no table 'space'", id="an empty table"),
        pytest.param("space = 3", "no table 'space'", id="no table"),
        pytest.param("[spaces]\nwidth = [1]", "Did you mean 'space'", id="another table"),
        pytest.param("[space", "is not valid TOML", id="no TOML"),
    ],
)
def test_a_file_that_is_no_space_is_refused(text, message, read):
    with pytest.raises(BadInput, match=message):
        read(text)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"gone\.toml cannot be read"):
        read_space(tmp_path / "gone.toml", problem(Bowl(tmp_path / "log")), SEED)


@pytest.mark.parametrize("said", [[1, 2], {"low": 1, "high": 9}, {"low": 1, "high": 9, "step": 2}])
def test_whole_numbers_stay_whole(said):
    found = axis("width", said, 8)
    values = [found.value(raw) for raw in (1, 2)] if isinstance(said, dict) else list(found.values)

    assert all(type(value) is int for value in values)
