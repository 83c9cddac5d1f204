"""Which of two models' probabilities were off less, beyond chance, on the same days."""

from dataclasses import replace
from datetime import date

import pytest

from features.errors import ArtifactMismatch, BadInput
from training.losses import TEST_LOSSES, Losses, compare, load, save

DAYS = 60
CHAMPION = Losses(
    of="advisory within 6 h",
    horizon_min=360,
    first_day=date(2021, 1, 1),
    outcomes_sha256="0" * 64,
    loss=tuple(1 + day % 5 / 10 for day in range(DAYS)),
    count=(24,) * DAYS,
)


def times(factor: float) -> Losses:
    return replace(CHAMPION, loss=tuple(factor * one for one in CHAMPION.loss))


@pytest.mark.parametrize(
    ("challenger", "verdict", "sentence"),
    [
        pytest.param(times(0.5), "a", "m/2 errs less than m/1: -0.025", id="half as far off"),
        pytest.param(times(2), "b", "m/2 errs more than m/1: +0.05", id="twice as far off"),
        pytest.param(CHAMPION, "no difference beyond chance", "between m/2 and m/1: +0", id="the same"),
        pytest.param(
            replace(CHAMPION, loss=CHAMPION.loss[::-1]), "no difference beyond chance", "beyond chance", id="other days"
        ),
    ],
)
def test_who_is_off_less(challenger, verdict, sentence):
    told, says = compare(challenger, CHAMPION, ("m/2", "m/1"), seed=7)
    assert told == verdict
    assert sentence in says
    assert "of advisory within 6 h, 2021-01-01 to 2021-03-01)" in says


def test_a_few_days_tell_nothing():
    few = replace(CHAMPION, loss=CHAMPION.loss[:4], count=CHAMPION.count[:4])
    told, says = compare(replace(few, loss=(0.0,) * 4), few, ("m/2", "m/1"), seed=7)
    assert (told, "4 days are too few to tell m/2 from m/1" in says) == ("cannot tell", True)


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        pytest.param({"of": "advisory within 3 h"}, "forecasts of advisory within 3 h and of", id="another horizon"),
        pytest.param({"first_day": date(2021, 1, 2)}, "first day 2021-01-02 and 2021-01-01", id="another day"),
        pytest.param({"outcomes_sha256": "1" * 64}, "outcomes 111111111111 and 0000", id="other outcomes"),
        pytest.param({"count": (23,) * DAYS}, "number of forecasts 1380 and 1440", id="fewer forecasts"),
    ],
)
def test_what_was_judged_on_something_else_is_refused(changes, differs):
    with pytest.raises(BadInput, match=f"not judged on the same: {differs}"):
        compare(replace(CHAMPION, **changes), CHAMPION, ("m/2", "m/1"), seed=7)


def test_they_are_kept_in_the_artifact(tmp_path):
    folder = tmp_path / "disaster-pm25" / "2"
    folder.mkdir(parents=True)
    with pytest.raises(BadInput, match=r"disaster-pm25/2 holds no test_losses\.json"):
        load(folder)
    save(CHAMPION, folder / TEST_LOSSES)
    assert load(folder) == CHAMPION
    (folder / TEST_LOSSES).write_text("{}")
    with pytest.raises(ArtifactMismatch, match="holds no losses"):
        load(folder)
