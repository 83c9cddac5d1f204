"""Where the linear core starts from: another's forecast where the hazard has one, else that nothing changes."""

import numpy as np
import numpy.typing as npt

from features.disaster.config import DisasterConfig
from features.disaster.signal import OWN
from training.disaster.core import Design
from training.disaster.model import targets_of


def first_guess(design: Design, config: DisasterConfig) -> npt.NDArray[np.float64]:
    """(column, target): weights by which the core says what the guess says; shrinkage then pulls towards these.

    The weights are zero, which is no change, where the guess does not reach as far as the target. Of the worst on the
    way to a horizon the guess is that of the horizon.

    Args:
        design: its means and scales in place.
        config: of the hazard.
    """
    targets, hazard = targets_of(config), config.hazard
    found = np.zeros((design.width, targets.count))
    columns = {
        (hazard.signals[each.signal].quantity, each.kind, each.steps): number
        for number, each in enumerate(config.features)
        if hazard.signals[each.signal].at == OWN
    }
    for horizon, steps in enumerate(config.horizons_steps):
        then = columns.get((hazard.guess or "", "ahead", steps))
        if then is None:
            continue
        for column, sign in ((then, 1.0), (config.own_latest, -1.0)):
            # A column is in standard deviations from its mean; the constant stands before all columns.
            found[1 + column, horizon :: targets.horizons] += sign * float(design.scale[column])
            found[0, horizon :: targets.horizons] += sign * float(design.mean[column])
    return found
