"""Feeds that died as the alert core observes them: of single lots while others report, and of the city as a whole."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from features.parking.build import QUALITIES
from serving.alerts.alert import Area, Content, Figure
from serving.alerts.look import Criterion, Look
from serving.alerts.words import Category, Certainty, Severity, Status, Urgency, Words
from serving.parking.filling import area, evidence, expires
from serving.parking.replies import Parking, ParkingLot

KIND = "feed_dead"
EVERY = "every lot"
"""The place of an outage of all."""

_MOST_SILENT = 0.5
"""Share of the lots: if more are silent, it is not their counters."""

_, _SILENT, _FROZEN, _, _BARE, _SIZELESS, _ = QUALITIES
_MASKED = ("degraded: stale", "fallback")


class Feed(Enum):
    """How a lot's feed stands."""

    ALIVE = "alive"
    SILENT = "silent"
    FROZEN = "frozen"
    # Counts of a lot whose size nobody knows are not looked at.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """How many lots there are whose counts are looked at, and how many of them are silent or frozen."""

    known: int
    silent: int

    @property
    def is_outage(self) -> bool:
        """Whether so many are silent that it is not their counters; one lot alone has no others that could report."""
        return self.known > 1 and self.silent > _MOST_SILENT * self.known


def feed(quality: str, *, is_counted: bool) -> Feed:
    """How the feed of a lot stands.

    Args:
        quality: of its forecast: what that may rest on.
        is_counted: there is a count that stands; tells where the quality says something worse.
    """
    for one, starts in ((Feed.UNKNOWN, _SIZELESS), (Feed.FROZEN, _FROZEN), (Feed.SILENT, (_SILENT, _BARE))):
        if quality.startswith(starts):
            return one
    return Feed.SILENT if not is_counted and quality.startswith(_MASKED) else Feed.ALIVE


def reporting(feeds: Iterable[Feed]) -> Reporting:
    """How many of some feeds report."""
    known = [one for one in feeds if one is not Feed.UNKNOWN]
    return Reporting(known=len(known), silent=sum(one is not Feed.ALIVE for one in known))


def look(parking: Parking, lot: ParkingLot, feed: Feed, status: Status, *, is_outage: bool) -> Look:
    """One look at the feed of a lot.

    Args:
        parking: what a model says.
        lot: of it.
        feed: how it stands; known.
        status: whether it is meant.
        is_outage: most others are silent too, so that it says nothing of this lot.
    """
    content = None
    if feed is Feed.ALIVE:
        criterion, reason = Criterion.RELEASED, "The lot is counted again"
    elif is_outage:
        criterion, reason = Criterion.UNKNOWN, "Most lots are silent: it may be none of this one's counter"
    else:
        content = _content(parking, lot, feed, status)
        criterion, reason = Criterion.MET, content.headline.en
    return Look(
        domain="parking",
        kind=KIND,
        place=lot.entity_id,
        at=parking.issued_at,
        criterion=criterion,
        reason=reason,
        content=content,
    )


def outage(parking: Parking, city: Reporting, silent: Sequence[Parking], status: Status) -> Look:
    """One look at the feed as a whole.

    Args:
        parking: any answer of then.
        city: how many of its lots report.
        silent: what was said of those that do not, each by itself.
        status: whether it is meant.
    """
    said = f"{city.silent} of {city.known} lots are not counted"
    content = None
    if city.is_outage:
        snapshot = "".join(evidence(one, lot) for one in silent for lot in one.lots)
        content = Content(
            status=status,
            category=Category.INFRA,
            severity=Severity.MODERATE,
            urgency=Urgency.IMMEDIATE,
            certainty=Certainty.OBSERVED,
            onset=parking.issued_at,
            expires=expires(parking),
            area=Area(
                entities=tuple(lot.entity_id for one in silent for lot in one.lots),
                name=Words(ko=f"주차장 {city.silent}곳", en=f"{city.silent} car parks"),
            ),
            event=Words(ko="주차 데이터 전체 중단", en="Car park feeds out"),
            headline=Words(ko=f"주차장 {city.known}곳 중 {city.silent}곳의 집계가 끊김", en=said),
            advice=_OUTAGE_ADVICE,
            measured=(
                Figure(
                    name="silent_lots",
                    words=Words(ko="집계가 끊긴 곳", en="Not counted"),
                    value=city.silent,
                    unit=f"/ {city.known}",
                ),
            ),
            evidence=hashlib.sha256(snapshot.encode()).hexdigest(),
            model=parking.model,
            version=parking.version,
        )
    return Look(
        domain="parking",
        kind=KIND,
        place=EVERY,
        at=parking.issued_at,
        criterion=Criterion.RELEASED if content is None else Criterion.MET,
        reason=said,
        content=content,
    )


_OUTAGE_ADVICE = Words(
    ko="수집 서버와 통신망을 점검하고 주차 데이터 제공 기관에 연락하십시오. 그때까지 주차 예측을 안내에 쓰지 마십시오.",
    en="Check the collector and the network, and call whoever provides the counts; until then guide nobody by these "
    "forecasts.",
)


def _content(parking: Parking, lot: ParkingLot, feed: Feed, status: Status) -> Content:
    frozen = feed is Feed.FROZEN
    headline = Words(
        ko=f"{lot.name}: 집계값이 오래 그대로임" if frozen else f"{lot.name}: 3시간 넘게 집계 없음",
        en=f"{lot.name}: its count stands still" if frozen else f"{lot.name}: no count for over 3 hours",
    )
    return Content(
        status=status,
        category=Category.INFRA,
        severity=Severity.MINOR,
        urgency=Urgency.EXPECTED,
        # A lot may stand still by itself, if hardly ever so long.
        certainty=Certainty.LIKELY if frozen else Certainty.OBSERVED,
        onset=parking.issued_at,
        expires=expires(parking),
        area=area(lot),
        event=Words(ko="주차장 데이터 이상", en="Car park feed dead"),
        headline=headline,
        advice=Words(
            ko=f"{lot.name} 계수기에 정비반을 보내거나 관리소에 전화해 빈자리를 확인하십시오. "
            "그때까지 그 예측을 믿지 마십시오.",
            en=f"Send maintenance to the counter of {lot.name}, or call its operator for the free spaces; trust no "
            "forecast of it until then.",
        ),
        evidence=evidence(parking, lot),
        model=parking.model,
        version=parking.version,
        quality=lot.quality,
    )
