"""How far each link is off what was forecast, in half widths of its own 95 % band, the city's common error removed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.series import FloatArray

# A median over fewer links is no city.
_LEAST_CITY_LINKS = 8
_LEAST_CITY_SHARE = 0.25
# However sure a forecast is of itself, a band is never narrower than this share of the median, nor than one unit.
_LEAST_HALF_SHARE = 0.02
_LEAST_HALF = 0.5
# A normal error's 10 % point lies at 1.6 usual (mean absolute) errors.
_USUAL_ERRORS_IN_HALF_80 = 1.6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Deviation:
    """One interval's measurements beside a forecast of them; every array is (entity,), NaN where nothing is known.

    Attributes:
        expected: the median, in the unit measured.
        low: lower end of the 95 % band.
        high: upper end.
        outside: signed distance from the median in half widths of the band (1 is its edge): the smaller of what was
            measured and of what is left of it without the city, 0 where the two differ in sign.
        share: what is left without the city's share, as a share of the median.
        size: the same in usual errors.
        city_share: (), the city's common error as a share of the medians; NaN where there is no city.
        unrest: (), how much more than usual the city's links are off, at least 1.
        calm: (), median absolute distance of all links in half widths, by which ``unrest`` is judged.
    """

    expected: FloatArray
    low: FloatArray
    high: FloatArray
    outside: FloatArray
    share: FloatArray
    size: FloatArray
    city_share: FloatArray
    unrest: FloatArray
    calm: FloatArray


def deviation(measured: FloatArray, forecast: FloatArray, low: FloatArray, high: FloatArray, calm: float) -> Deviation:
    """Compare one interval with forecasts of it; leading axes (lead times) are kept.

    Args:
        measured: (entity,), NaN where missing.
        forecast: (..., entity, 3), q10, q50 and q90.
        low: (entity,), lower half width of the band in lower half widths of the forecast's interval.
        high: (entity,), upper likewise.
        calm: the usual median distance of the city's links, in half widths of the band.
    """
    median = forecast[..., 1]
    error = measured - median
    floor = np.maximum(_LEAST_HALF_SHARE * np.abs(median), _LEAST_HALF)
    half_low, half_high = (np.maximum(forecast[..., 1 + i] - forecast[..., i], floor) for i in (0, 1))
    band_low, band_high = low * half_low, high * half_high
    relative = np.divide(error, median, out=np.full_like(error, np.nan), where=median > 0)
    city = _city(relative)
    rest = error - np.nan_to_num(city)[..., None] * median
    whole = error / np.where(error < 0, band_low, band_high)
    left = rest / np.where(rest < 0, band_low, band_high)
    typical = _city(np.abs(left))
    unrest = np.fmax(1, typical / calm)
    left = left / unrest[..., None]
    agree = np.sign(whole) == np.sign(left)
    return Deviation(
        expected=median,
        low=np.maximum(median - band_low, 0),
        high=median + band_high,
        outside=np.where(np.isnan(error), np.nan, np.where(agree, np.sign(left) * np.fmin(abs(whole), abs(left)), 0)),
        share=np.divide(rest, median, out=np.full_like(rest, np.nan), where=median > 0),
        size=rest / np.where(rest < 0, half_low, half_high) * _USUAL_ERRORS_IN_HALF_80,
        city_share=city,
        unrest=unrest,
        calm=typical,
    )


def at_leads(every: Deviation, lead: npt.NDArray[np.int64]) -> Deviation:
    """Of a comparison at all lead times (lead, entity), the one that counts for each entity; all become (entity,)."""
    columns = np.arange(len(lead))
    return Deviation(
        **{
            name: getattr(every, name)[lead] if getattr(every, name).ndim == 1 else getattr(every, name)[lead, columns]
            for name in Deviation.__slots__
        }
    )


def _city(values: FloatArray) -> FloatArray:
    """(...,): the median over the last axis, NaN where too few links were measured to speak of a city."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    enough = (count >= _LEAST_CITY_LINKS) & (count >= _LEAST_CITY_SHARE * values.shape[-1])
    # Links without a value are sorted last, so that the middle of the others is at half of their count.
    ordered = np.sort(values, axis=-1)
    middle = np.maximum(count - 1, 0)
    pair = [np.take_along_axis(ordered, at[..., None], axis=-1)[..., 0] for at in (middle // 2, (middle + 1) // 2)]
    return np.where(enough, (pair[0] + pair[1]) / 2, np.nan).astype(np.float32)
