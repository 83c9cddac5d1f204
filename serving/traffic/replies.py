"""What the traffic service is asked and answers, as Python values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import nan

from features.quantiles import DEFAULT
from serving import outside
from serving.outside import Covariate
from serving.proto import haechi_v1_pb2 as v1
from serving.values import Times, refuse_naive, refuse_no_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One measured value, in the model's unit; what is missing is left out.

    Attributes:
        time: the start of the interval that was counted, or the instant of a reading; aware.
        entity_id: as in training.
        value: finite, never negative.
        available_at: when it became known; None: at its interval's end.
    """

    time: datetime
    entity_id: str
    value: float
    available_at: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("time", "available_at"):
            refuse_naive(f"Measurement of {self.entity_id}: {name}", getattr(self, name))
        refuse_no_number(f"Measurement of {self.entity_id}: value", self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One interval of one entity.

    Attributes:
        step: 1 is the interval that starts when the forecast was issued.
        q10: NaN where the model forecasts no such quantile.
        q50: the median.
        q90: NaN where the model forecasts no such quantile.
        quality: ``ok``, ``degraded: reason`` or ``fallback: reason``.
        values: the quantiles, one for each of the forecast's levels; all NaN where nothing can be said.
    """

    entity_id: str
    target_time: datetime
    step: int
    q10: float
    q50: float
    q90: float
    quality: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One value that the forecast rests on."""

    time: datetime
    entity_id: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The answer of one model version.

    Attributes:
        issued_at: step 1 of the predictions starts here.
        as_of: until when measurements were seen.
        simulated: the model learned from the simulated Seoul; label every number that comes from it.
        timezone: IANA name of the wall clock that the model follows; show times on it.
        levels: of the values of every prediction, rising, the median in the middle.
        predictions: by entity, then step.
        observed: the newest measured values, oldest first.
    """

    model: str
    version: str
    quantity: str
    unit: str
    issued_at: datetime
    as_of: datetime
    step_min: int
    simulated: bool
    timezone: str
    levels: tuple[float, ...]
    predictions: tuple[Prediction, ...]
    observed: tuple[Observed, ...]


def request(
    model: str,
    version: str,
    entity_ids: Sequence[str],
    measurements: Sequence[Measurement],
    issued_at: datetime | None,
    horizon_steps: int | None,
    covariates: Sequence[Covariate] = (),
) -> v1.LatestRequest:
    """The message that asks for ``Latest``.

    Raises:
        BadInput: ``issued_at`` has no zone.
    """
    refuse_naive("issued_at", issued_at)
    return v1.LatestRequest(
        model=model,
        version=version,
        entity_ids=entity_ids,
        measurements=[
            v1.Measurement(time=m.time, entity_id=m.entity_id, value=m.value, available_at=m.available_at)
            for m in measurements
        ],
        issued_at=issued_at,
        horizon_steps=horizon_steps,
        covariates=outside.messages(covariates),
    )


def forecast(reply: v1.ForecastReply) -> Forecast:
    """The answer that ``reply`` carries."""
    time = Times()
    # A server that says no levels is an older one, whose models have the default's.
    levels = tuple(reply.levels) or DEFAULT
    low, high = (level in levels for level in (DEFAULT[0], DEFAULT[-1]))
    return Forecast(
        model=reply.model,
        version=reply.version,
        quantity=reply.quantity,
        unit=reply.unit,
        issued_at=time[reply.issued_at],
        as_of=time[reply.as_of],
        step_min=reply.step_min,
        simulated=reply.simulated,
        timezone=reply.timezone,
        levels=levels,
        predictions=tuple(
            Prediction(
                entity_id=p.entity_id,
                target_time=time[p.target_time],
                step=p.step,
                q10=p.q10 if low else nan,
                q50=p.q50,
                q90=p.q90 if high else nan,
                quality=p.quality,
                values=tuple(p.values) or (p.q10, p.q50, p.q90),
            )
            for p in reply.predictions
        ),
        observed=tuple(Observed(time=time[o.time], entity_id=o.entity_id, value=o.value) for o in reply.observed),
    )
