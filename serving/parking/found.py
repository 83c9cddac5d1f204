"""Places to park and bays to lend out as tables in the terminal."""

from datetime import datetime
from zoneinfo import ZoneInfo

from rich import box
from rich.table import Table
from rich.text import Text

from serving.parking.replies import ParkingOption, Recommendation, Sharing
from serving.values import percent


def recommended(found: Recommendation) -> Table | Text:
    """One row a place, the best first; where there is none, why."""
    zone = ZoneInfo(found.timezone)
    label = "SIMULATED  " if found.simulated else ""
    title = f"{label}Parking for {found.arrival.astimezone(zone):%a %Y-%m-%d %H:%M} {found.timezone}"
    if not found.options:
        return Text(f"{title}\n{found.words.en}\n{found.words.ko}")
    caption = (
        f"{found.model}/{found.version}, counts of {found.as_of.astimezone(zone):%a %H:%M}. {found.words.en}. "
        f"A full lot is taken to cost {found.search_min:.0f} min, lots that do not fit: {found.unfit}, "
        f"to the nearest {found.nearest_walk_m:.0f} m"
    )
    table = Table(title=Text(title), caption=Text(caption), box=box.SIMPLE_HEAD)
    table.add_column("", justify="right")
    table.add_column("lot", overflow="fold")
    for name in ("walk", "chance", "free then", "expected"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("because")
    for rank, one in enumerate(found.options, start=1):
        lot = one.lot
        name = lot.entity_id if lot.name == lot.entity_id else f"{lot.name} ({lot.entity_id})"
        table.add_row(str(rank), Text(name), f"{one.walk_m:.0f} m", *_cells(one), Text(_because(one)))
    return table


def shared(found: Sharing) -> Table:
    """One row a window; of a lot without one, why there is none."""
    label = "SIMULATED  " if found.simulated else ""
    bays = "1 bay" if found.bays == 1 else f"{found.bays} bays"
    title = f"{label}When {bays} can be lent until {_clock(found.until, found)}"
    caption = (
        f"{found.model}/{found.version}, {found.timezone}; risk of turning an owner away: {found.most_risk:.3g} at most"
    )
    table = Table(title=Text(title), caption=Text(caption), box=box.SIMPLE_HEAD)
    table.add_column("lot", overflow="fold")
    for name in ("from", "to", "risk", "fewest free"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("said")
    for one in found.lots:
        said = Text(f"{one.words.en}\n{one.words.ko}")
        if not one.windows:
            table.add_row(Text(one.lot.entity_id), "-", "-", "-", "-", said)
        for window in one.windows:
            times = (_clock(window.start, found), _clock(window.end, found))
            table.add_row(Text(one.lot.entity_id), *times, percent(window.risk), f"{window.fewest:.0f}", said)
            said = Text("")
    return table


def _cells(one: ParkingOption) -> tuple[str, str, str]:
    if one.chance is None or one.expected_min is None:
        return "-", "-", "-"
    return percent(one.chance), f"{one.q10:.0f} to {one.q90:.0f}", f"{one.expected_min:.0f} min"


def _because(one: ParkingOption) -> str:
    note = "" if one.lot.quality == "ok" else f"\n{one.lot.quality}"
    return f"{one.reason.en}\n{one.reason.ko}{note}"


def _clock(time: datetime, found: Sharing) -> str:
    return f"{time.astimezone(ZoneInfo(found.timezone)):%a %H:%M}"
