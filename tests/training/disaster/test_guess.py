"""The linear core starts from another's forecast where there is one, and never reverts faster than it has seen."""

import numpy as np
import pytest
import torch

from features.disaster.config import DisasterConfig
from features.disaster.hazard import Hazard
from features.disaster.table import hazard
from training.disaster.core import Design
from training.disaster.guess import first_guess
from training.disaster.model import targets_of


def _config(name: str) -> DisasterConfig:
    return DisasterConfig(hazard=hazard(name))


def _inputs(config: DisasterConfig, rows: int, seed: int) -> dict[str, torch.Tensor]:
    chance = torch.Generator().manual_seed(seed)
    return {
        "feature": 20 + 5 * torch.randn(rows, len(config.features), generator=chance),
        "feature_mask": torch.ones(rows, len(config.features), dtype=torch.bool),
        "calendar": torch.randn(rows, len(config.calendar), generator=chance),
    }


def test_the_first_guess_is_what_the_weather_model_says():
    config, seed = _config("tmax33"), 5
    design, inputs = Design(config), _inputs(config, 40, seed)
    design.mean.fill_(19.0)
    design.scale.fill_(3.0)
    said = design(design.rows(inputs)).double().numpy() @ first_guess(design, config)
    now = inputs["feature"][:, config.own_latest].numpy()
    names = [each.name for each in config.features]
    then = inputs["feature"][:, names.index("ldaps_tmax_c ahead 1")].numpy()
    for target in range(targets_of(config).count):
        np.testing.assert_allclose(said[:, target], then - now, atol=1e-4, err_msg=f"seed {seed}")


def test_without_one_the_first_guess_is_no_change():
    config = _config("cold")
    assert not first_guess(Design(config), config).any()


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"guess": "nothing_c"}, "no signal is 'nothing_c' ahead"),
        ({"log": True}, "without log"),
        ({"guess": "ldaps_wind_speed_ms"}, "their units differ"),
    ],
)
def test_a_guess_that_cannot_be_is_refused(change: dict[str, object], cause: str):
    row = hazard("tmax33").model_dump() | change
    with pytest.raises(ValueError, match=cause):
        Hazard.model_validate(row)


def test_a_hazard_that_does_not_look_at_its_latest_reading_is_refused():
    row = hazard("cold").model_dump()
    row["signals"][0]["lags"] = (1, 2)
    with pytest.raises(ValueError, match="leave out 0"):
        Hazard.model_validate(row)


def test_more_dust_than_was_ever_seen_changes_as_the_most_that_was_seen():
    config, seed = _config("pm10"), 6
    design, inputs = Design(config), _inputs(config, 3, seed)
    now = config.own_latest
    names = [each.name for each in config.features]
    shifted = [at for at, name in enumerate(names) if name.startswith("pm10") and "change" not in name]
    design.most.fill_(float(inputs["feature"][:, now].max()))
    first = design.rows(inputs)
    risen = inputs | {"feature": inputs["feature"].clone()}
    top = int(inputs["feature"][:, now].argmax())
    risen["feature"][top, shifted] += 7.0
    np.testing.assert_allclose(design.rows(risen), first, atol=1e-4, err_msg=f"seed {seed}")
    risen["feature"][top, shifted] -= 9.0
    assert np.abs((design.rows(risen) - first)[top, shifted].numpy()).min() > 1, f"seed {seed}"


def test_a_missing_latest_reading_takes_nothing_off_the_others():
    config = _config("pm10")
    design, inputs = Design(config), _inputs(config, 2, 7)
    design.most.fill_(10.0)
    inputs["feature_mask"][0, config.own_latest] = False
    inputs["feature"][0, config.own_latest] = float("nan")
    rows = design.rows(inputs)
    assert torch.isfinite(rows).all()
    lag = next(at for at, one in enumerate(config.features) if at != config.own_latest and one.kind == "lag")
    assert rows[0, lag] == pytest.approx(float(inputs["feature"][0, lag]))
