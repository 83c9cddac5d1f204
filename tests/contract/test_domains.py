"""What every domain keeps to, whatever it forecasts; a new one joins by tests/contract/DOMAIN.py (see doubles.py)."""

import json
from dataclasses import FrozenInstanceError, fields
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from features import DOMAINS
from features.artifact import FALLBACK, SELF_TEST
from features.errors import BadInput, UnknownName
from features.limits import MASK_ENDING
from features.manifest import parse
from features.self_test import load_rows, save_rows
from serving.limits import RowLimits
from serving.outputs import OUTSIDE
from tests.contract.doubles import Double, double_of

domains = pytest.mark.parametrize("domain", DOMAINS)
_CASES = [(domain, name) for domain in DOMAINS for name in double_of(domain).configs]
cases = pytest.mark.parametrize(("domain", "config_name"), _CASES, ids=[f"{d}-{name}" for d, name in _CASES])


class City:
    """One domain's double in one config, with the doors that the suite goes through."""

    def __init__(self, domain: str, config_name: str) -> None:
        double: Double = double_of(domain)
        self.domain, self.double = domain, double
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


# --- what the artifact holds beside the model -------------------------------------------------------------------------


@pytest.fixture
def guarded(city, tmp_path):
    """A manifest's guard around a model that is the fallback itself: limits, graph, self-test and its rows."""
    guard = import_module(f"training.{city.domain}.guard")
    export = import_module("training.export")
    table, unit = city.table(city.raw(city.issued_at[-1]), city.issued_at), city.double.unit
    path = tmp_path / FALLBACK
    guard.export_fallback(city.config, unit, path)
    graph = export.Graph(path)
    rows = guard.self_test_rows(rows_of(table, 0))
    return SimpleNamespace(
        table=table,
        limits=guard.limits([table.inputs], city.config, unit),
        deciles=guard.deciles([table.inputs], city.config, unit),
        graph=graph,
        rows=rows,
        test=guard.self_test(rows, graph, graph, city.config, unit),
    )


@cases
def test_fallback_gives_what_the_model_gives_and_never_crosses(city, guarded):
    outputs = guarded.graph.outputs(guarded.table.inputs)
    specs = city.schema.outputs(city.config, city.double.unit)
    rows = len(city.issued_at) * len(guarded.table.entities)
    for spec, found in zip(specs, outputs, strict=True):
        assert (found.dtype.name, found.shape) == (spec.dtype, (rows, *spec.shape[1:]))
        known = found[np.isfinite(found).all(axis=(1, 2))]
        assert len(known) > 0
        assert spec.name not in city.double.rising or (np.diff(known, axis=-1) >= 0).all()


@cases
def test_self_test_rows_are_held_out_missing_and_unseen_and_travel_without_pickle(city, guarded, tmp_path):
    save_rows(guarded.rows, tmp_path / SELF_TEST)
    np.testing.assert_equal(load_rows(tmp_path / SELF_TEST), guarded.rows)
    specs = city.schema.inputs(city.config, city.double.unit)
    assert list(guarded.rows) == [spec.name for spec in specs]
    masks = [guarded.rows[spec.name] for spec in specs if spec.name.endswith(MASK_ENDING)]
    seen = [any(mask[row].any() for mask in masks) for row in range(len(masks[0]))]
    assert any(seen)
    assert not all(seen), "a row with everything missing"
    assert 2 < len(seen) <= 16, "a few rows"
    assert all(any(value is not None for value in one.values) for one in guarded.test.outputs)


@cases
def test_manifest_takes_the_guard_and_serving_lets_the_rows_of_training_pass(city, guarded, make_manifest):
    inputs, outputs = (side(city.config, city.double.unit) for side in (city.schema.inputs, city.schema.outputs))
    fields = {"inputs": inputs, "outputs": outputs, "limits": guarded.limits, "fallback": FALLBACK}
    manifest = make_manifest(**fields, self_test=guarded.test, non_finite="refuse", deciles=guarded.deciles)
    assert len(str([one.model_dump_json() for one in guarded.deciles])) < 50 << 10
    assert parse(manifest.to_json().encode()) == manifest
    limits = RowLimits(manifest)
    known = limits.faults(guarded.table.inputs)
    unknown = np.flatnonzero(~np.isfinite(guarded.graph(guarded.table.inputs)).all(axis=(1, 2)))
    assert {row for row, why in known.items() if why == OUTSIDE} <= set(unknown.tolist())
    assert {spec.name for spec in inputs if spec.dtype.startswith("float")} == {
        one.input for one in guarded.limits.ranges
    }
    assert [one.input for one in guarded.deciles] == [one.input for one in guarded.limits.ranges]
