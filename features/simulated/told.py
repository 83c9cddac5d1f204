"""The truth log: what truly happened in a span of the simulated Seoul, one row an event."""

from itertools import chain
from typing import Any

from features.geo import h3_cell
from features.simulated.city import detours, links
from features.simulated.events import Event, Kind
from features.simulated.gatherings import VENUES, garages_near, gatherings
from features.simulated.hazes import dust_events, smog_events
from features.simulated.hours import hour_start
from features.simulated.incidents import crashes, outages, roadworks
from features.simulated.judged import Episode, episodes
from features.simulated.lots import lots
from features.simulated.parking import faults
from features.simulated.places import PLACES
from features.simulated.weather import rain_events

_SIZE_NAMES = {
    Kind.RAIN: "depth_mm",
    Kind.CRASH: "share_lost",
    Kind.ROADWORKS: "share_lost",
    Kind.SMOG: "added_pm25_ug_m3",
    Kind.YELLOW_DUST: "added_pm10_ug_m3",
    Kind.GATHERING: "cars",
    Kind.PARKING_WRONG: "free_spaces",
}


def told(seed: int, hours: range) -> list[dict[str, Any]]:
    """Every event that touches a run of hours, by onset, as ``SimulatedSeoul.truth`` describes it.

    Args:
        seed: of the city.
        hours: hours since 1970-01-01T00Z.
    """
    events = chain(rain_events(seed, hours), crashes(seed, hours), roadworks(seed, hours), outages(seed, hours))
    hazes = chain(smog_events(seed, hours), dust_events(seed, hours))
    rows = [(event.onset_h, event.link or 0, _truth_row(event)) for event in chain(events, hazes)]
    parking = chain(gatherings(seed, hours), faults(seed, hours))
    rows += [(event.onset_h, event.lot or event.venue or 0, _parking_row(event)) for event in parking]
    rows += [(episode.onset_h, 0, _episode_row(episode)) for episode in episodes(seed, hours)]
    return [row for *_, row in sorted(rows, key=lambda each: each[:2])]


def _episode_row(episode: Episode) -> dict[str, Any]:
    place = next(place for place in PLACES if place.entity_id == episode.entity_id)
    return {
        "kind": "episode",
        "onset": hour_start(episode.onset_h).isoformat(),
        "end": hour_start(episode.end_h).isoformat(),
        "entity_id": episode.entity_id,
        "simulated": True,
        "hazard": episode.hazard,
        "level": episode.level,
        "quantity": episode.quantity,
        "peak": episode.peak,
        "h3_cell": h3_cell(place.lat, place.lon),
    }


def _truth_row(event: Event) -> dict[str, Any]:
    row: dict[str, Any] = {
        "kind": str(event.kind),
        "onset": hour_start(event.onset_h).isoformat(),
        "end": hour_start(event.end_h).isoformat(),
        "entity_id": None,
        "simulated": True,
    }
    if event.kind in _SIZE_NAMES:
        row[_SIZE_NAMES[event.kind]] = event.size
    if event.link is not None:
        link = links()[event.link]
        row |= {"entity_id": link.entity_id, "h3_cell": h3_cell(link.lat, link.lon)}
        if event.kind in (Kind.CRASH, Kind.ROADWORKS):
            row |= {"diverted_to": [links()[other].entity_id for other in detours()[event.link]]}
    if event.kind is Kind.ROADWORKS:
        row |= {"announced": True}
    return row


def _parking_row(event: Event) -> dict[str, Any]:
    row = _truth_row(event)
    if event.lot is not None:
        lot = lots()[event.lot]
        row |= {"entity_id": lot.entity_id, "h3_cell": h3_cell(lot.lat, lot.lon)}
    if event.venue is not None:
        venue = VENUES[event.venue]
        row |= {"place": venue.name, "h3_cell": h3_cell(venue.lat, venue.lon), "announced": True}
        row |= {"fills": [lots()[lot].entity_id for lot in garages_near()[event.venue]]}
    return row
