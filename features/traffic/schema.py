"""What a traffic model takes and gives, as its manifest says it: the contract between training and serving."""

from features.calendar import CALENDAR_FLAGS
from features.manifest import TensorSpec
from features.traffic.config import TrafficConfig


def inputs(config: TrafficConfig, unit: str) -> tuple[TensorSpec, ...]:
    """The tensors of ``build``, in the graph's order."""
    steps, lags, days = config.horizon_steps, config.history_steps, len(config.seasonal_lags_days)

    def spec(name: str, shape: tuple[int, ...], unit: str, meaning: str) -> TensorSpec:
        dtype = "bool" if name.endswith("_mask") else "float32"
        return TensorSpec(name=name, dtype=dtype, shape=("entity", *shape), unit=unit, meaning=meaning)

    return (
        spec("profile", (steps,), unit, "Adaptive profile at each target"),
        spec("profile_now", (), unit, "Adaptive profile of the last interval that is over"),
        spec("recent_error", (lags, 2), unit, "Measured minus profile, latest first; then the city's, as a share"),
        spec("recent_mask", (lags, 2), "1", "True where recent_error is known"),
        spec("seasonal_error", (days, steps, 2), unit, "The same at the target's time of day, days before"),
        spec("seasonal_mask", (days, steps, 2), "1", "True where seasonal_error is known"),
        spec("calendar", (steps, len(CALENDAR_FLAGS)), "1", "Target on a holiday, its eve, its morrow"),
        spec("spread", (steps, 2), unit, "Distance of the lower and the upper quantile from the median"),
    )


def outputs(config: TrafficConfig, unit: str) -> tuple[TensorSpec, ...]:
    """The forecast: one tensor, quantiles innermost and rising."""
    meaning = f"Quantiles {', '.join(map(str, config.quantiles))} of each target"
    shape = ("entity", config.horizon_steps, len(config.quantiles))
    return (TensorSpec(name="forecast", dtype="float32", shape=shape, unit=unit, meaning=meaning),)
