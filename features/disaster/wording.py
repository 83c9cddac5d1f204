"""A criterion in the words of a legend, in Korean and English."""

from features.disaster.hazard import Hazard
from features.disaster.level import Condition, Level, Words
from features.disaster.quantity import called
from features.series import unit_of

_COMPARISONS = {
    "at_least": ("{} 이상", "at least {}"),
    "at_most": ("{} 이하", "at most {}"),
    "above": ("{} 초과", "above {}"),
    "below": ("{} 미만", "below {}"),
}
_SHORT = {1440: ("{}일 연속", "{} days in a row"), 60: ("{}시간 연속", "{} hours in a row")}


def criterion(hazard: Hazard, level: Level) -> Words:
    """What meets a level, e.g. ``pm25 at least 75 ug/m3, 2 hours in a row``."""
    ways = [[_words(each, hazard.step_min) for each in way] for way in level.met]
    return Words(
        ko=" 또는 ".join(" 그리고 ".join(each.ko for each in way) for way in ways),
        en=" or ".join(" and ".join(each.en for each in way) for way in ways),
    )


def release(hazard: Hazard, level: Level) -> Words:
    """What lifts a level again."""
    if not level.released:
        return Words(ko="기준 미달 시 해제", en="as soon as it is not met")
    lifted = [_words(each, hazard.step_min) for each in level.released]
    return Words(ko=" 그리고 ".join(each.ko for each in lifted), en=" and ".join(each.en for each in lifted))


def _words(condition: Condition, step_min: int) -> Words:
    name, unit = called(condition.quantity), unit_of(condition.quantity)
    ko, en = next(words for key, words in _COMPARISONS.items() if getattr(condition, key) is not None)
    value = f"{condition.threshold:g} {unit}"
    ko, en = f"{name.ko} {ko.format(value)}", f"{name.en} {en.format(value)}"
    if condition.sum_h is not None:
        ko, en = f"{condition.sum_h}시간 {ko}", f"{en} in {condition.sum_h} h"
    if condition.readings > 1:
        first, second = _SHORT.get(step_min, (f"{{}}회 연속({step_min}분)", f"{{}} times in a row ({step_min} min)"))
        ko, en = f"{ko}, {first.format(condition.readings)}", f"{en}, {second.format(condition.readings)}"
    return Words(ko=ko, en=en)
