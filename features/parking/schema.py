"""What a parking model takes and gives, as its manifest says it: the contract between training and serving."""

from features.covariate_ring import RECENT
from features.manifest import DType, TensorSpec
from features.parking.config import ParkingConfig
from features.parking.sight import AHEAD, CALENDAR, SEEN

_ALWAYS = (
    "seen", "seen_mask", "ahead", "ahead_mask", "calendar", "now", "now_deviation", "now_mask", "profile",
    "profile_mask", "spread", "width", "capacity", "capacity_mask",
)  # fmt: skip


def names(config: ParkingConfig) -> tuple[str, ...]:
    """Names of the tensors of ``build``, in the graph's order."""
    return (*_ALWAYS, "covariate", "covariate_mask") if config.covariates else _ALWAYS


def inputs(config: ParkingConfig, unit: str) -> tuple[TensorSpec, ...]:
    """The tensors of ``build``, in the graph's order."""
    steps, outer = config.horizon_steps, len(config.quantiles) - 1
    # Their names stand as the unit: two models that look at other things cannot stand in for each other.
    seen, ahead, calendar = (", ".join(names) for names in (SEEN, AHEAD, CALENDAR))

    def spec(name: str, dtype: DType, shape: tuple[int, ...], unit: str, meaning: str) -> TensorSpec:
        return TensorSpec(name=name, dtype=dtype, shape=("entity", *shape), unit=unit, meaning=meaning)

    found = (
        spec("seen", "float32", (len(SEEN),), seen, "What is known of the lot when it is issued"),
        spec("seen_mask", "bool", (len(SEEN),), "1", "True where seen is known"),
        spec("ahead", "float32", (steps, len(AHEAD)), ahead, "What is known of the lot at each target"),
        spec("ahead_mask", "bool", (steps, len(AHEAD)), "1", "True where ahead is known"),
        spec("calendar", "float32", (steps, len(CALENDAR)), calendar, "Where the clock stands at each target"),
        spec("now", "float32", (), "1", "The newest count, as the share of spaces that is free"),
        spec("now_deviation", "float32", (), "1", "What was free minus what was usual then"),
        spec("now_mask", "bool", (), "1", "True where now_deviation is known"),
        spec("profile", "float32", (steps,), "1", "Share that is usually free at each target"),
        spec("profile_mask", "bool", (steps,), "1", "True where profile is known"),
        spec("spread", "float32", (steps,), "1", "Standard deviation around the profile"),
        spec(
            "width", "float32", (outer, steps), "1", "Stretch of each quantile's distance from the median, by quantile"
        ),
        spec("capacity", "float32", (), unit, "Spaces of the lot"),
        spec("capacity_mask", "bool", (), "1", "True where capacity is known"),
    )
    if not config.covariates:
        return found
    told, shape = ", ".join(config.covariates), (RECENT + config.ring.horizon_steps, len(config.covariates))
    meaning = (
        f"{told}: minus the past week's median at that time of day; {RECENT} latest, that of the issue, each target"
    )
    return (
        *found,
        spec("covariate", "float32", shape, told, meaning),
        spec("covariate_mask", "bool", shape, "1", "True where covariate was known when the forecast was issued"),
    )


def outputs(config: ParkingConfig, unit: str) -> tuple[TensorSpec, ...]:
    """Free spaces at each target, and how likely the lot is full then."""
    steps, quantiles = config.horizon_steps, ", ".join(map(str, config.quantiles))
    return (
        TensorSpec(
            name="free",
            dtype="float32",
            shape=("entity", steps, len(config.quantiles)),
            unit=unit,
            meaning=f"Quantiles {quantiles} of the free spaces at each target",
        ),
        TensorSpec(
            name="full",
            dtype="float32",
            shape=("entity", steps, 1),
            unit="1",
            meaning=f"Probability that at most {config.full_share:g} of the capacity is free then",
        ),
    )
