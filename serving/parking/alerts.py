"""Car parks as the alert core observes them: one event a lot that fills up, or whose feed died."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from serving.alerts.look import Criterion, Look
from serving.alerts.words import Status
from serving.parking import feeds, filling
from serving.parking.feeds import Feed, Reporting
from serving.parking.filling import CityEvent
from serving.parking.recorded import qualities, recorded
from serving.parking.replies import Parking

_QUIET = (Criterion.RELEASED, Criterion.UNKNOWN)


def looks(
    parking: Parking, *, exercise: bool, events: Sequence[CityEvent] = (), city: Reporting | None = None
) -> list[Look]:
    """Two looks at each lot of an answer, whether it fills up and whether its feed lives, and one at all feeds.

    Args:
        parking: what a model says.
        exercise: mark as an exercise also what was measured.
        events: of the city, to which people drive.
        city: how many of the city's lots report, where the answer is not of all; None: its own tell, and of them all
            there is one look more.
    """
    status, found, answers = _status(parking, exercise=exercise), [], _each(parking)
    told = city or feeds.reporting(map(_feed, answers))
    for one in answers:
        (lot,), feed = one.lots, _feed(one)
        found.append(filling.look(one, lot, events, status))
        if feed is not Feed.UNKNOWN:
            found.append(feeds.look(one, lot, feed, status, is_outage=told.is_outage))
    if city is None and told.known > 1:
        found.append(feeds.outage(parking, told, _silent(answers), status))
    return found


def replay(path: Path, *, exercise: bool) -> Iterator[list[Look]]:
    """What there was to see at each lot of a file of predictions; of calm or silent hours only the first.

    Args:
        path: Parquet, as ``haechi evaluate parking --out`` writes it.
        exercise: mark as an exercise also what was measured.

    Yields:
        The looks at one event, forward in time.

    Raises:
        BadInput: the file cannot be read, or is no file of a parking model's predictions.
    """
    city = _reporting(path)
    answers: dict[datetime, list[Parking]] = {now: [] for now in city}
    for own in recorded(path, filling.AHEAD):
        seen = defaultdict(list)
        for parking in own:
            now = parking.issued_at
            for look in looks(parking, exercise=exercise, city=city[now]):
                seen[look.kind].append(look)
            # Of an outage all that are silent are told; else one answer says what time it is.
            if not answers[now] or city[now].is_outage:
                answers[now].append(parking)
        yield from map(_news, seen.values())
    if any(one.is_outage for one in city.values()):
        yield _news(
            [
                feeds.outage(those[0], city[now], _silent(those), _status(those[0], exercise=exercise))
                for now, those in sorted(answers.items())
            ]
        )


def _each(parking: Parking) -> list[Parking]:
    """The same answer, lot by lot."""
    own = defaultdict(list)
    for one in parking.predictions:
        own[one.entity_id].append(one)
    return [replace(parking, lots=(lot,), predictions=tuple(own[lot.entity_id])) for lot in parking.lots]


def _feed(parking: Parking) -> Feed:
    """How the feed of the one lot of an answer stands."""
    (lot,) = parking.lots
    return feeds.feed(lot.quality, is_counted=lot.free is not None)


def _silent(answers: Sequence[Parking]) -> list[Parking]:
    return [one for one in answers if _feed(one) in (Feed.SILENT, Feed.FROZEN)]


def _reporting(path: Path) -> dict[datetime, Reporting]:
    """How many lots of a file report at each issue time."""
    found: dict[datetime, list[Feed]] = defaultdict(list)
    for issued_at, quality, count in qualities(path):
        # What was counted then is not in these rows; the qualities of a training say it themselves.
        found[issued_at] += [feeds.feed(quality, is_counted=True)] * count
    return {now: feeds.reporting(those) for now, those in found.items()}


def _news(seen: list[Look]) -> list[Look]:
    """Of looks that say the same calm or nothing only the first."""
    return seen[:1] + [b for a, b in pairwise(seen) if b.criterion not in _QUIET or b.criterion != a.criterion]


def _status(parking: Parking, *, exercise: bool) -> Status:
    return Status.EXERCISE if exercise or parking.simulated else Status.ACTUAL
