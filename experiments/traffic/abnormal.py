"""Abnormal flow on Seoul's counts of 2022 and on the simulated Seoul: what was chosen, and what it comes to.

Run from the repository's root: ``python -m experiments.traffic.abnormal [--data DIR] [--out DIR]``; about three
minutes on two cores. DIR holds ``seoul_volume_2022.parquet`` and ``seoul_sites.csv``; pictures go to --out. Settings
are chosen on hours [5256, 7008) by a model that learned from the hours before; hours [7008, 8760) are only reported.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path

import numpy as np
import torch

from features.calendar import days
from features.clock import utc_times, wall_clock, zone
from features.console import progress
from features.figure import save_png
from features.series import FloatArray, Panel
from features.simulated.folder import write_folder
from features.simulated.seoul import SimulatedConfig, simulate
from features.tables import read_panel
from features.tables.columns import Columns, ReadOptions
from features.traffic.abnormal_config import WatchConfig
from features.traffic.config import TrafficConfig
from features.traffic.happening import AbnormalFlow, Kind
from features.traffic.neighbours import IntArray
from training.pictures import event_chart
from training.places import positions
from training.split import Split
from training.traffic.abnormal import Judgement, as_found, judged, plain_detector
from training.traffic.fit import Ridge
from training.traffic.fitting import measured_entities
from training.traffic.incidents import Incident, inject
from training.traffic.replay import replay
from training.traffic.train import native, train
from training.traffic.watching import NEIGHBOURS, Watching, neighbours

SEED = 7
TRIED = 700
WEEK = 168
LEAST_RECALL = 0.9
CONFIG = WatchConfig()
DETECTED_LOSS, DETECTED_H = 0.4, 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch:
    """Hours replayed as they are and with incidents.

    Attributes:
        panel: as it is.
        rows: of it, replayed.
        altered: with incidents.
        incidents: their truth.
        forecasts: for each hour, on the panel as it is; ``altered_forecasts`` as the incidents made them.
        beside: neighbours.
    """

    panel: Panel
    rows: range
    altered: Panel
    incidents: tuple[Incident, ...]
    forecasts: list[FloatArray]
    altered_forecasts: list[FloatArray]
    beside: IntArray

    def events(self, config: WatchConfig, beside: IntArray, *, altered: bool) -> list[AbnormalFlow]:
        """What the watch tells."""
        watching = Watching(self.altered if altered else self.panel, beside, config)
        for row, forecast in zip(self.rows, self.altered_forecasts if altered else self.forecasts, strict=True):
            watching.take(row, forecast)
        return watching.events

    def judged(self, config: WatchConfig, beside: IntArray) -> Judgement:
        """The watch's figures."""
        found = [as_found(self.events(config, beside, altered=altered), self.panel) for altered in (True, False)]
        return judged(*found, self.incidents, self.link_days)

    def plain(self) -> Judgement:
        """The plain detector's figures."""
        found = [plain_detector(panel, self.rows, self.rows.start) for panel in (self.altered, self.panel)]
        return judged(*found, self.incidents, self.link_days)

    @property
    def link_days(self) -> float:
        """Links measured times days."""
        return float((~np.isnan(self.panel.values[self.rows.start : self.rows.stop])).sum()) / 24


def main() -> None:
    """Print the tables, write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/traffic"))
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    data, columns = given.data / "seoul_volume_2022.parquet", ("site_id", "direction")
    if not data.is_file():
        sys.exit(f"error: {data} is not there\n  fix: give --data DIR")
    torch.set_num_threads(1)
    panel = read(data, columns)
    places = positions(given.data / "seoul_sites.csv", columns, panel.entities)
    validation = stretch(panel, Split(validation=3504, test=5256, end=7008), places)
    chosen = choose(validation)
    test = stretch(panel, Split(validation=5256, test=7008, end=8760), places)
    report("test, hours [7008, 8760)", [("the watch", test.judged(chosen, test.beside)), ("plain", test.plain())])
    events = [*validation.events(chosen, validation.beside, altered=False)]
    events += test.events(chosen, test.beside, altered=False)
    odd_days(events, panel)
    largest(events)
    if given.out is not None:
        draw(events, (validation, test), given.out)
    simulated(chosen)


def read(path: Path, columns: tuple[str, ...]) -> Panel:
    """The measurements of a file."""
    panel, _, _ = read_panel([path], "long", ReadOptions(columns=Columns(entity=columns)))
    return panel


def stretch(panel: Panel, split: Split, places: tuple[FloatArray, FloatArray] | None) -> Stretch:
    """Train on what lies before ``split.test`` and replay what follows, as it is and with incidents."""
    with progress() as bar:
        trained = train(panel, split, TrafficConfig(), bar, gains=(), ridges=(Ridge(),))
    rows = range(split.test, split.end)
    sites = [name.rsplit("/", 1)[0] for name in panel.entities]
    # A week for the band, a day at the end for events to be over.
    altered, incidents = inject(panel, range(rows.start + WEEK, rows.stop - 24), TRIED, seed=SEED, sites=sites)
    predict = native(trained.model)
    forecasts = [
        [
            issue.forecast[:, : CONFIG.hold_steps].copy()
            for issue in replay(predict, trained.state, one, rows, trained.config)
        ]
        for one in (panel, altered)
    ]
    return Stretch(
        panel=panel,
        rows=rows,
        altered=altered,
        incidents=incidents,
        forecasts=forecasts[0],
        altered_forecasts=forecasts[1],
        beside=neighbours(panel, split.test, places),
    )


def choose(validation: Stretch) -> WatchConfig:
    """The settings of highest F1 among those that find nine incidents in ten, on validation."""
    tried = []
    for size, share in product((1.5, 2.0, 2.5, 3.0), (0.2, 0.3, 0.4)):
        config = replace(CONFIG, raise_size=size, raise_share=share)
        tried.append((config, validation.judged(config, validation.beside)))
    able = [one for one in tried if one[1].recall >= LEAST_RECALL]
    chosen = max(able or tried, key=lambda one: one[1].f1)[0]
    rows = [(f"size {config.raise_size}, share {config.raise_share}", found) for config, found in tried]
    alone, near = np.full_like(validation.beside, -1), validation.beside[:, :NEIGHBOURS]
    alike = validation.beside[:, NEIGHBOURS:]
    for name, beside in (("no neighbours", alone), ("the nearest only", near), ("of like errors only", alike)):
        rows.append((f"chosen, {name}", validation.judged(chosen, beside)))
    rows.append(("chosen, no forecast held", validation.judged(replace(chosen, hold_steps=1), validation.beside)))
    for gain in (0.02, 0.1):
        changed = replace(chosen, calibration_gain=gain)
        rows.append((f"chosen, calibration gain {gain}", validation.judged(changed, validation.beside)))
    report("validation, hours [5256, 7008)", [*rows, ("plain", validation.plain())])
    say(f"Chosen: size {chosen.raise_size}, share {chosen.raise_share}; built in: {chosen == CONFIG}\n")
    return chosen


def report(where: str, rows: list[tuple[str, Judgement]]) -> None:
    """One table of figures."""
    one = rows[0][1]
    say(f"\n**Injected incidents, {where}** ({one.incidents} incidents, {one.link_days:,.0f} link-days)\n\n")
    say("| detector | recall | precision | precision, all else false | F1 | delay, steps |")
    say(" events without incidents / 100 link-days | pairs in one |\n" + "| --- " * 8 + "|\n")
    for name, found in rows:
        cells = [f"{found.recall:.3f}", f"{found.precision:.3f}", f"{found.strict_precision:.3f}", f"{found.f1:.3f}"]
        cells += [f"{found.delay_steps:.0f}", f"{found.background_per_100_link_days:.2f}"]
        say(f"| {name} | {' | '.join(cells)} | {found.whole} of {found.pairs} |\n")


def odd_days(events: list[AbnormalFlow], panel: Panel) -> None:
    """Events a day, of holidays and their eves and morrows beside ordinary days; and the fullest days."""
    rows = range(5256, 8760)
    times = utc_times(panel.time(rows.start), panel.step_min, len(rows))
    local, _ = wall_clock(times, "Asia/Seoul")
    calendar = days(times, country="KR", timezone="Asia/Seoul")
    counts = dict.fromkeys(np.unique(local).tolist(), 0)
    first = date(1970, 1, 1).toordinal()
    for event in events:
        counts[event.onset.astimezone(zone("Asia/Seoul")).date().toordinal() - first] += 1
    kinds = {
        "holidays on working weekdays": calendar.flags[:, 0] > 0,
        "their eves and morrows": calendar.flags[:, 1:].any(axis=1),
        "Saturdays and Sundays": (calendar.day_type >= 5) & (calendar.day_type < 7),
        "other working days": (calendar.day_type < 5) & ~calendar.flags.any(axis=1),
    }
    say("\n**Odd days, as measured, hours [5256, 8760)**\n\n| days | number | events a day | most |\n")
    say("| --- " * 4 + "|\n")
    for name, here in kinds.items():
        own = [counts[day] for day in np.unique(local[here]).tolist()]
        say(f"| {name} | {len(own)} | {np.mean(own):.2f} | {max(own)} |\n")
    shown = [
        f"{date.fromordinal(day + first)} {counts[day]}" for day in sorted(counts, key=lambda day: -counts[day])[:6]
    ]
    say(f"\nThe fullest days: {', '.join(shown)}.\n")


def largest(events: list[AbnormalFlow]) -> None:
    """The ten largest events of the measurements as they are."""
    say("\n**The ten largest events, as measured**\n\n")
    say("| links | onset (KST) | steps | measured | expected | 95 % band | usual errors | city | unrest | likewise |\n")
    say("| --- " * 10 + "|\n")
    for event in sorted(events, key=lambda event: -abs(event.size))[:10]:
        seen = event.witness
        onset = event.onset.astimezone(zone("Asia/Seoul"))
        city = "-" if seen.city_share is None else f"{seen.city_share:+.0%}"
        say(f"| {', '.join(event.entity_ids)} | {onset:%m-%d %H:%M} | {event.steps} | {event.measured:.0f} |")
        say(f" {event.expected:.0f} | {event.band_low:.0f}-{event.band_high:.0f} | {event.size:+.1f} | {city} |")
        say(f" {seen.city_unrest:.2f} | {seen.neighbours_likewise} of {seen.neighbours} |\n")


def draw(events: list[AbnormalFlow], stretches: tuple[Stretch, ...], out: Path) -> None:
    """Pictures of the three largest events, each of another day."""
    out.mkdir(parents=True, exist_ok=True)
    shown: dict[object, AbnormalFlow] = {}
    for event in sorted(events, key=lambda event: -abs(event.size)):
        shown.setdefault(event.onset.date(), event)
    for number, event in enumerate(list(shown.values())[:3], start=1):
        row = stretches[0].panel.index(event.onset)
        own = next(one for one in stretches if row in one.rows)
        link = own.panel.entities.index(event.entity_ids[0])
        seen = [at for at in range(row - 36, row + 60) if at in own.rows]
        times = utc_times(own.panel.time(seen[0]), 60, len(seen)) + np.timedelta64(9, "h")
        onset = np.datetime64(event.onset.replace(tzinfo=None)) + np.timedelta64(9, "h")
        figure = event_chart(
            times,
            np.stack([own.forecasts[at - own.rows.start][link, 0] for at in seen]),
            own.panel.values[seen, link],
            (onset, onset + np.timedelta64(event.steps, "h")),
            title=f"{event.entity_ids[0]}: {event.direction}, {event.size:+.0f} usual errors",
            unit="veh/h",
        )
        save_png(figure, out / f"event_{number}.png")


def simulated(chosen: WatchConfig) -> None:
    """The simulated Seoul, whose crashes, roadworks and outages are known."""
    config = SimulatedConfig(seed=SEED, start=datetime(2024, 1, 1, tzinfo=UTC), end=datetime(2024, 9, 1, tzinfo=UTC))
    city = simulate(config)
    with tempfile.TemporaryDirectory() as scratch:
        write_folder(city, Path(scratch) / "city", lambda: None)
        panel = read(Path(scratch) / "city" / "traffic.parquet", ("entity_id",))
        truth = [json.loads(line) for line in (Path(scratch) / "city" / "truth.jsonl").read_text().splitlines()]
        places = positions(Path(scratch) / "city" / "links.csv", ("entity_id",), panel.entities)
    split = Split.by_shares(panel, (0.6, 0.2, 0.2))
    panel, dropped = measured_entities(panel, split)
    own = stretch(panel, split, None if dropped else places)
    events = own.events(chosen, own.beside, altered=False)
    traffic = [event for event in events if event.kind is Kind.ABNORMAL]
    since = panel.time(own.rows.start)
    crashes = [one for one in truth if one["kind"] == "crash" and datetime.fromisoformat(one["onset"]) >= since]
    grave = [one for one in crashes if one["share_lost"] >= DETECTED_LOSS and length_h(one) >= DETECTED_H]
    works = [one for one in truth if one["kind"] == "roadworks"]
    say(f"\n**SIMULATED Seoul, seed {SEED}** ({len(own.rows)} hours, {own.link_days:,.0f} link-days)\n\n")
    say("| figure | reached |\n| --- | --- |\n")
    for name, ones in (("all", crashes), (f"of {DETECTED_LOSS:.0%} of the flow and {DETECTED_H:.0f} h or more", grave)):
        found = sum(any(of(event, crash) for event in traffic) for crash in ones)
        say(f"| SIMULATED: crashes found, {name} | {found} of {len(ones)} |\n")
    true = sum(any(of(event, one) for one in (*crashes, *works)) for event in traffic)
    say(f"| SIMULATED: events of a crash or roadworks, there or on the detour | {true} of {len(traffic)} |\n")
    say(f"| SIMULATED: sensor faults suspected (there are none) | {len(events) - len(traffic)} |\n")


def length_h(one: dict[str, str]) -> float:
    """How long a true event lasts."""
    return (datetime.fromisoformat(one["end"]) - datetime.fromisoformat(one["onset"])).total_seconds() / 3600


def of(event: AbnormalFlow, one: dict[str, str]) -> bool:
    """Whether an event is of a true one: a link in common, and told while it lasted or three hours after."""
    begin, end = datetime.fromisoformat(one["onset"]), datetime.fromisoformat(one["end"])
    links = {one["entity_id"], *one["diverted_to"]}
    return (
        bool(links & set(event.entity_ids)) and event.raised_at > begin and event.raised_at <= end + timedelta(hours=3)
    )


def say(text: str) -> None:
    """Print as it is."""
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
