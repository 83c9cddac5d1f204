"""What every domain keeps to, whatever it forecasts; a new one joins by tests/contract/DOMAIN.py (see doubles.py)."""

import json
from dataclasses import FrozenInstanceError, fields
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from features import DOMAINS
from features.errors import BadInput, UnknownName
from tests.contract.doubles import Double, double_of

domains = pytest.mark.parametrize("domain", DOMAINS)
_CASES = [(domain, name) for domain in DOMAINS for name in double_of(domain).configs]
cases = pytest.mark.parametrize(("domain", "config_name"), _CASES, ids=[f"{d}-{name}" for d, name in _CASES])


class City:
    """One domain's double in one config, with the doors that the suite goes through."""

    def __init__(self, domain: str, config_name: str) -> None:
        double: Double = double_of(domain)
        self.double = double
        self.config = double.configs[config_name]
        self.state = double.state(self.config)
        self.issued_at = double.issued_at(self.state, self.config)
        self.build, self.advance, self.schema, self.memory = (
            import_module(f"features.{domain}.{part}") for part in ("build", "advance", "schema", "state")
        )

    def raw(self, known_by: Any, seed: int = 2) -> Any:
        return self.double.raw(self.state, self.config, seed, known_by)

    def table(self, raw: Any, issued_at: Any, state: Any = None) -> Any:
        return self.build.build(raw, self.state if state is None else state, self.config, issued_at)


@pytest.fixture
def city(domain, config_name):
    return City(domain, config_name)


def assert_same(one: Any, other: Any) -> None:
    """Two states or tables, bit for bit."""
    for field in fields(one):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, dict):
            assert mine.keys() == theirs.keys()
            for name in mine:
                np.testing.assert_array_equal(mine[name], theirs[name], err_msg=name)
        else:
            np.testing.assert_array_equal(mine, theirs, err_msg=field.name)


def rows_of(table: Any, at: int) -> dict[str, np.ndarray]:
    """The inputs of the issue time number ``at``."""
    count = len(table.entities)
    return {name: array[at * count : (at + 1) * count] for name, array in table.inputs.items()}


# --- the config -------------------------------------------------------------------------------------------------------


@cases
def test_config_travels_through_json(city):
    config = city.config
    assert type(config).from_json(json.loads(json.dumps(config.to_json()))) == config


@domains
def test_config_refuses_a_key_that_it_does_not_know_and_names_the_nearest(domain):
    config = next(iter(double_of(domain).configs.values()))
    key = next(iter(config.to_json()))
    with pytest.raises(UnknownName, match=f"'{key}x'") as refused:
        type(config).from_json({f"{key}x": 1})
    assert f"Did you mean '{key}'?" in refused.value.mend


@domains
def test_config_is_frozen(domain):
    config = next(iter(double_of(domain).configs.values()))
    key = next(iter(config.to_json()))
    with pytest.raises(FrozenInstanceError):
        setattr(config, key, None)


# --- features ---------------------------------------------------------------------------------------------------------


@cases
def test_table_is_what_the_schema_says(city):
    table = city.table(city.raw(city.issued_at[-1]), city.issued_at)
    specs = city.schema.inputs(city.config, city.double.unit)
    assert list(table.inputs) == [spec.name for spec in specs]
    rows = len(city.issued_at) * len(table.entities)
    for spec in specs:
        found = table.inputs[spec.name]
        assert (found.dtype.name, found.shape) == (spec.dtype, (rows, *spec.shape[1:])), spec.name
    assert table.quality.shape == (len(city.issued_at), len(table.entities))
    assert tuple(table.issued_at) == tuple(city.issued_at)


@cases
def test_every_tensor_says_its_unit_and_meaning_and_has_a_name_of_its_own(city):
    for side in (city.schema.inputs, city.schema.outputs):
        specs = side(city.config, city.double.unit)
        assert len({spec.name for spec in specs}) == len(specs) > 0
        assert all(spec.unit and spec.meaning for spec in specs)


@cases
def test_many_issue_times_equal_one_at_a_time(city):
    table = city.table(city.raw(city.issued_at[-1]), city.issued_at)
    for at, now in enumerate(city.issued_at):
        alone = city.table(city.raw(now), [now])
        np.testing.assert_equal(rows_of(alone, 0), rows_of(table, at))
        np.testing.assert_array_equal(alone.quality[0], table.quality[at])


@cases
def test_features_from_an_advanced_state_are_the_same(city):
    for now in city.issued_at:
        moved = city.advance.advance(city.state, city.raw(now), city.config, now)
        assert_same(city.table(None, [now], moved), city.table(city.raw(now), [now]))


@cases
def test_no_feature_changes_when_the_future_does(city):
    last = city.issued_at[-1]
    table = city.table(city.raw(last), city.issued_at)
    for at, now in enumerate(city.issued_at):
        other = city.table(city.double.raw_of_another_future(city.state, city.config, 2, last, now), city.issued_at)
        np.testing.assert_equal(rows_of(other, at), rows_of(table, at))
        if now != last:
            with pytest.raises(AssertionError):  # or the other future is the same one
                np.testing.assert_equal(other.inputs, table.inputs)


@cases
def test_measurement_of_the_future_is_refused_with_a_mend(city):
    with pytest.raises(BadInput) as refused:
        city.table(city.raw(city.issued_at[-1]), city.issued_at[:1])
    assert refused.value.cause
    assert refused.value.mend


@cases
def test_arguments_stay_as_they_were(city):
    before = city.state.copy()
    last = city.issued_at[-1]
    first, second = (city.table(city.raw(last), city.issued_at) for _ in range(2))
    city.advance.advance(city.state, city.raw(last), city.config, last)
    assert_same(city.state, before)
    assert_same(first, second)


# --- state ------------------------------------------------------------------------------------------------------------


@cases
def test_one_go_equals_many_pieces(city):
    last = city.issued_at[-1]
    pieces = city.state
    for now in city.issued_at:
        pieces = city.advance.advance(pieces, city.raw(now), city.config, now)
    assert_same(pieces, city.advance.advance(city.state, city.raw(last), city.config, last))


@cases
def test_saved_state_is_loaded_bit_for_bit(city, tmp_path):
    path = tmp_path / "state.parquet"
    city.memory.save(city.state, path)
    assert_same(city.memory.load(path, city.config), city.state)
