"""What a traffic model takes and gives, as its manifest says it: the contract between training and serving."""

from features.calendar import CALENDAR_FLAGS
from features.covariate_ring import RECENT
from features.manifest import DType, TensorSpec
from features.traffic.config import TrafficConfig


def inputs(config: TrafficConfig, unit: str) -> tuple[TensorSpec, ...]:
    """The tensors of ``build``, in the graph's order."""
    steps, lags, days = config.horizon_steps, config.history_steps, len(config.seasonal_lags_days)
    outer = len(config.quantiles) - 1

    def spec(name: str, shape: tuple[int, ...], unit: str, meaning: str) -> TensorSpec:
        return TensorSpec(name=name, dtype=_dtype(name), shape=("entity", *shape), unit=unit, meaning=meaning)

    found = (
        spec("profile", (steps,), unit, "Adaptive profile at each target"),
        spec("profile_now", (), unit, "Adaptive profile of the last interval that is over"),
        spec("recent_error", (lags, 2), unit, "Measured minus profile, latest first; then the city's, as a share"),
        spec("recent_mask", (lags, 2), "1", "True where recent_error is known"),
        spec("seasonal_error", (days, steps, 2), unit, "The same at the target's time of day, days before"),
        spec("seasonal_mask", (days, steps, 2), "1", "True where seasonal_error is known"),
        spec("calendar", (steps, len(CALENDAR_FLAGS)), "1", "Target on a holiday, its eve, its morrow"),
        spec("neighbour_error", (lags,), unit, "Mean error of the entities that err alike, latest first"),
        spec("neighbour_mask", (lags,), "1", "True where neighbour_error is known"),
        spec("factor_error", (config.factor_steps, config.factors), "1", "Error patterns of the city, latest first"),
        spec("clock", (2,), "1", "Slot of the day and type of the day (0 Monday to 6 Sunday, 7 holiday) of step 1"),
        spec("entity_code", (), "1", "Place of the entity among the manifest's; -1: another one"),
        spec("typical_error", (), unit, "Usual absolute error of the profile over the whole week"),
        spec("peak_level", (), unit, "Highest slot of the adaptive profile, all types of day together"),
        spec("usual_error", (steps,), unit, "Usual absolute error of the profile at the target's time of day"),
        spec("spread", (steps, outer), unit, "Distance of each quantile but the median from it, by rising quantile"),
    )
    if not config.covariates:
        return found
    # Their names stand as the unit: two models that look at other things cannot stand in for each other.
    names, seen = ", ".join(config.covariates), (RECENT + steps, len(config.covariates))
    meaning = f"{names}: minus the past week's median at that time of day; {RECENT} latest, then each target"
    return (
        *found,
        spec("covariate", seen, names, meaning),
        spec("covariate_mask", seen, "1", "True where covariate was known when the forecast was issued"),
    )


def _dtype(name: str) -> DType:
    if name in ("clock", "entity_code"):
        return "int64"
    return "bool" if name.endswith("_mask") else "float32"


def outputs(config: TrafficConfig, unit: str) -> tuple[TensorSpec, ...]:
    """The forecast: one tensor, quantiles innermost and rising."""
    meaning = f"Quantiles {', '.join(map(str, config.quantiles))} of each target"
    shape = ("entity", config.horizon_steps, len(config.quantiles))
    return (TensorSpec(name="forecast", dtype="float32", shape=shape, unit=unit, meaning=meaning),)
