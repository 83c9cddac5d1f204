"""Whether what is asked now is like what training saw: told by input, of enough values, and never of what cannot be."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from features.limits import Deciles
from features.manifest import Manifest, TensorSpec
from serving.outputs import Outputs
from serving.runtime import Runtime
from serving.seen.drift import LEAST_VALUES, Drift
from serving.served import Served

NORMAL = (-1.2816, -0.8416, -0.5244, -0.2533, 0.0, 0.2533, 0.5244, 0.8416, 1.2816)
NOTHING = Outputs({}, {})


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def make_served(own_runtime: Runtime, make_manifest: Callable[..., Manifest]) -> Callable[..., Served]:
    """A version whose input ``x`` of this shape had these deciles in training."""

    def make(shape: tuple[int | str, ...], *deciles: tuple[float, ...]) -> Served:
        x = TensorSpec(name="x", dtype="float32", shape=shape, unit="veh/h", meaning="Counts")
        spread = (Deciles(input="x", values=deciles),) if deciles else ()
        manifest = make_manifest(name="watched", inputs=(x,), outputs=(x,), deciles=spread)
        return replace(own_runtime.get("doubler"), manifest=manifest)

    return make


@pytest.fixture
def asked() -> Callable[..., float | None]:
    """Asks a version until ``times`` runs were looked at, and returns the index of ``x``."""

    def ask(served: Served, draw: Callable[[np.random.Generator], np.ndarray], times: int = 40) -> float | None:
        rng, clock = np.random.default_rng(20261128), Clock()
        drift = Drift(clock)
        for _ in range(times):
            drift.ran(served, {"x": draw(rng).astype(np.float32)}, NOTHING)
            clock.now_s += 1.0
        return drift.indices().get(("watched/1", "x"))

    return ask


def test_what_is_spread_as_in_training_has_no_drift(make_served, asked) -> None:
    index = asked(make_served(("entity", 3), NORMAL), lambda rng: rng.standard_normal((64, 3)))

    assert 0 <= index < 0.02


@pytest.mark.parametrize(
    ("shift", "least", "most"), [(0.2, 0.02, 0.1), (0.5, 0.2, 0.35), (2.0, 2.0, 20.0)], ids=["slight", "clear", "far"]
)
def test_the_further_it_lies_the_larger_the_index(make_served, asked, shift: float, least: float, most: float) -> None:
    index = asked(make_served(("entity", 3), NORMAL), lambda rng: rng.standard_normal((64, 3)) + shift)

    assert least < index < most


def test_the_worst_place_of_the_last_axis_is_told(make_served, asked) -> None:
    served = make_served(("entity", 2, 2), NORMAL, NORMAL)
    alike = asked(served, lambda rng: rng.standard_normal((64, 2, 2)))
    one_off = asked(served, lambda rng: rng.standard_normal((64, 2, 2)) + np.array([0.0, 2.0]))

    assert alike < 0.02
    assert one_off > 2


@pytest.mark.parametrize(
    "deciles",
    [
        pytest.param((0.0,) * 9, id="a flag that was never up"),
        pytest.param((*NORMAL[:4], 0.0, 0.0, *NORMAL[6:]), id="a value as common as a tenth"),
    ],
)
def test_nothing_is_said_of_what_deciles_cannot_tell_apart(make_served, asked, deciles) -> None:
    assert asked(make_served(("entity", 3), deciles), lambda rng: rng.standard_normal((64, 3)) + 5) is None


def test_nothing_is_said_where_nobody_looked_in_training(make_served, asked) -> None:
    assert asked(make_served(("entity", 3)), lambda rng: rng.standard_normal((64, 3))) is None


def test_nothing_is_said_of_few_values(make_served, asked) -> None:
    served = make_served(("entity", 1), NORMAL)
    rows = 50

    assert asked(served, lambda rng: rng.standard_normal((rows, 1)), LEAST_VALUES // rows) is None
    assert asked(served, lambda rng: rng.standard_normal((rows, 1)), LEAST_VALUES // rows + 1) is not None


def test_what_is_missing_or_of_no_rows_does_not_count(make_served, asked) -> None:
    served = make_served(("entity", 3), NORMAL)

    assert asked(served, lambda rng: np.full((64, 3), np.nan)) is None
    assert asked(served, lambda rng: np.empty((0, 3))) is None


def test_it_looks_once_a_second_at_some_of_the_rows(make_served) -> None:
    served, clock = make_served(("entity", 1), NORMAL), Clock()
    drift = Drift(clock)
    for _ in range(1000):
        drift.ran(served, {"x": np.zeros((1000, 1), np.float32)}, NOTHING)
    assert not drift.indices()
    for _ in range(20):
        clock.now_s += 1.0
        drift.ran(served, {"x": np.zeros((1000, 1), np.float32)}, NOTHING)

    assert drift.indices()


def test_what_was_asked_long_ago_is_forgotten(make_served) -> None:
    served, clock = make_served(("entity", 3), NORMAL), Clock()
    rng, drift = np.random.default_rng(7), Drift(clock)
    for hours, shift in [(24, 3.0), (24 * 14, 0.0)]:
        for _ in range(hours * 6):
            clock.now_s += 600.0
            drift.ran(served, {"x": rng.standard_normal((64, 3)).astype(np.float32) + shift}, NOTHING)
        if shift:
            assert drift.indices()["watched/1", "x"] > 2

    assert drift.indices()["watched/1", "x"] < 0.02


def test_a_number_that_was_loaded_again_is_told_once(make_served) -> None:
    first, again, clock = make_served(("entity", 3), NORMAL), make_served(("entity", 3), NORMAL), Clock()
    drift = Drift(clock)
    for served in (first, again):
        for _ in range(20):
            clock.now_s += 1.0
            drift.ran(served, {"x": np.zeros((64, 3), np.float32)}, NOTHING)

    assert list(drift.indices()) == [("watched/1", "x")]
