"""Configs that make no sense."""

import pytest

from features.cctv.slow_background import SlowConfig
from features.errors import BadInput


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        pytest.param({"learns_s": 0}, "learns_s=0 is not within", id="learns at once"),
        pytest.param({"learns_s": 900}, "learns_s=900 is not within", id="forgets what stands first"),
        pytest.param({"samples": 10}, "samples=10 has no middle one", id="an even number of samples"),
    ],
)
def test_a_background_that_cannot_learn_is_refused(changes, cause):
    with pytest.raises(BadInput, match=cause):
        SlowConfig(**changes)
