"""What a model of a hazard takes and gives, as its manifest says it: the contract between training and serving."""

from features.disaster.config import QUANTILES, DisasterConfig
from features.disaster.criteria import groups
from features.manifest import DType, TensorSpec


def inputs(config: DisasterConfig, unit: str) -> tuple[TensorSpec, ...]:
    """The tensors of ``build``, in the graph's order."""
    levels, steps = len(config.hazard.levels), len(config.horizons_steps)
    # Their names stand as the unit: two models that look at other things cannot stand in for each other.
    seen, calendar = ", ".join(each.name for each in config.features), ", ".join(config.calendar)

    def spec(name: str, dtype: DType, shape: tuple[int, ...], unit: str, meaning: str) -> TensorSpec:
        return TensorSpec(name=name, dtype=dtype, shape=("entity", *shape), unit=unit, meaning=meaning)

    return (
        spec("feature", "float32", (len(config.features),), seen, "What became of the readings of each signal"),
        spec("feature_mask", "bool", (len(config.features),), "1", "True where feature is known"),
        spec("calendar", "float32", (len(config.calendar),), calendar, "Where the clock stands when it is issued"),
        spec("now", "float32", (), unit, f"The latest reading of {config.hazard.quantity}"),
        spec("now_mask", "bool", (), "1", "True where there is one that is not too old"),
        spec("value", "float32", (len(groups(config.hazard)),), unit, "What is compared with the thresholds, now"),
        spec("value_mask", "bool", (len(groups(config.hazard)),), "1", "True where value is known"),
        spec("usual", "float32", (levels, steps), "1", "How often each level is met at that time of year and day"),
        spec("usual_within", "float32", (levels, steps), "1", "How often it is met at any time up to then"),
    )


def outputs(config: DisasterConfig, unit: str) -> tuple[TensorSpec, ...]:
    """The quantity at each horizon, and what becomes of each level."""
    levels, steps = len(config.hazard.levels), len(config.horizons_steps)
    hours = ", ".join(map(str, config.hazard.horizons_h))
    names = ", ".join(level.name for level in config.hazard.levels)

    def spec(name: str, shape: tuple[int, ...], unit: str, meaning: str) -> TensorSpec:
        return TensorSpec(name=name, dtype="float32", shape=("entity", *shape), unit=unit, meaning=meaning)

    quantiles = ", ".join(map(str, QUANTILES))
    return (
        spec("level", (steps, len(QUANTILES)), unit, f"Quantiles {quantiles} of the quantity in {hours} h"),
        spec("within", (levels, steps), "1", f"Probability that {names} is met at any time in the next {hours} h"),
        spec("met", (levels, steps), "1", f"Probability that {names} is met in {hours} h"),
    )
