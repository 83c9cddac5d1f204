"""What operators read of a hazard beside the words of its table: where it is, what was measured, and why it counts."""

from dataclasses import dataclass

from features.disaster.hazard import Hazard
from features.disaster.quantity import called
from features.geo import DISTRICTS
from serving.alerts.words import Words
from serving.values import percent

METHOD = Words(
    ko="측정값을 하나씩 빼고 모델에 다시 물은 근사치입니다. 여러 측정값이 함께 미치는 영향은 나누어지지 않으며, "
    "달력과 조석의 영향은 따지지 않습니다.",
    en="An approximation: each measurement was left out alone and the model was asked again. What several of them say "
    "together is not shared out, and the calendar and the tide are not weighed.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a hazard is judged; ``lat`` and ``lon`` are degrees, None where nobody knows."""

    name: Words
    lat: float | None = None
    lon: float | None = None


def site(hazard: Hazard, entity_id: str) -> Site:
    """The place as the hazard's table names it, else the district of that name, else by its id alone."""
    for place in hazard.places:
        if place.id == entity_id:
            return Site(name=Words(ko=place.words.ko, en=place.words.en), lat=place.lat, lon=place.lon)
    for one in DISTRICTS:
        if entity_id in (one.name_ko, one.name_en):
            return Site(name=Words(ko=one.name_ko, en=one.name_en), lat=one.lat, lon=one.lon)
    return Site(name=Words(ko=entity_id, en=entity_id))


def reason(name: str, where: str, said: str, *, is_own: bool, probability: float, without: float) -> Words:
    """Why a measurement counts.

    Args:
        name: of its quantity.
        where: it is measured.
        said: the value with its unit.
        is_own: it is the quantity that is forecast, whose latest reading cannot be left out.
        probability: with it.
        without: likewise, without it.
    """
    words, now, then = called(name), percent(probability), percent(without)
    if is_own:
        return Words(
            ko=f"{where} {words.ko}의 추이를 빼고 최근 값({said})만 보면 {now}가 아니라 {then}입니다.",
            en=f"By the latest {words.en} at {where} alone ({said}), without its course, it would be {then} instead of "
            f"{now}.",
        )
    return Words(
        ko=f"{where} {words.ko}({said}) 없이 보면 {now}가 아니라 {then}입니다.",
        en=f"Without the {words.en} at {where} ({said}) it would be {then} instead of {now}.",
    )
