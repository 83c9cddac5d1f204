"""``make bench-disaster``: the figures of the hazard models, measured here, each beside its baselines and its goal.

Run from the repository's root: ``python -m experiments.disaster.bench [--data DIR]``; DIR holds the hazard files as
published. Leaves out every year of the river once, trains every other hazard, on the simulated Seoul too where the
real data hold too few events, and times 25 districts; about half an hour on two cores.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from experiments.commands import haechi, show
from experiments.disaster.timing import timed

RIVER, AIR, GU = "han_river_10min_2012_2019", "air_seoul_city_hourly_2018_2021", "air_gu_hourly_2017"
DAILY, HOURLY, LDAPS = "asos108_daily_temp_1907_2024", "asos108_hourly_2021_2022q1", "uci_ldaps_bias_2013_2017"
RIVER_RMSE_CM, RIVER_HIGH_CM = (2.7, 7.2, 14.5, 28.0), (4.0, 12.0, 28.0, 60.0)
RIVER_SKILL, DUST_SKILL = (0.78, 0.67, 0.55, 0.65), (0.92, 0.70, 0.53, 0.31, 0.12)
SIMULATED = ("--seed", "7", "--from", "2013-01-01", "--to", "2025-01-01")
Row = tuple[str, ...]
Answer = dict[str, Any]


def main() -> None:
    """Judge, train, time, and print what was reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/hazard"))
    folder = parser.parse_args().data
    files = {name: folder / f"{name}.parquet" for name in (RIVER, AIR, GU, DAILY, HOURLY, LDAPS)}
    for path in files.values():
        if not path.is_file():
            sys.exit(f"error: {path} is not there\n  fix: make bench-disaster DATA=DIR, a folder with all six files")
    with tempfile.TemporaryDirectory() as home:
        os.environ["HAECHI_HOME"] = home
        districts = _trained("pm25", "air-gu", files[GU], "--name", "districts")
        goals = ("figure", "goal", "reached")
        show(goals, [timed(Path(districts["folder"]))])
        every = _every(files, Path(home))
        show(goals, [*_dust(every["PM2.5, 2021"]), *_hot(every["tmax33, 2017"])])
        names = ("hazard", "level", "probability", "came, of", "climatology", "persistence", "bins", "largest ECE")
        show(names, [row for name, found in every.items() for row in _skills(name, found)])
        show(("hazard", "RMSE by lead", "persistence", "linear"), [_errors(*each) for each in every.items()])
        show(("training of", "took"), [(name, f"{found['training_s']:.0f} s") for name, found in every.items()])
        jamsu = ("--hazard", "river_jamsu", "--shape", "han-river", "--data", str(files[RIVER]))
        river = haechi("backtest", "disaster", *jamsu, "--set", "trees_count=60")
        show(goals, _river(river))
        alarms = {"Jamsu, each year left out": river, **every}
        told = [row for each in alarms.items() for row in _alarms(*each)]
        show(("alarms of", "level", "events", "what they came to"), told)


def _every(files: dict[str, Path], home: Path) -> dict[str, Answer]:
    """Every hazard but the river, each on its test part."""
    city = home / "city"
    haechi("simulate", *SIMULATED, "--out", str(city))
    weather = city / "station_weather.parquet"
    last_years = ("--split-at", "2018-01-01,2019-01-01")
    return {
        "PM2.5, 2021": _trained("pm25", "air-city", files[AIR]),
        "PM10, 2021": _trained("pm10", "air-city", files[AIR]),
        "tmax33, 2017": _trained("tmax33", "ldaps", files[LDAPS]),
        "cold, 2012-2024": _trained("cold", "asos-daily", files[DAILY], "--split-at", "2000-01-01,2012-07-01"),
        "heat, 2022 to March": _trained("heat", "asos", files[HOURLY]),
        "rain, 2022 to March": _trained("rain", "asos", files[HOURLY]),
        "heat, SIMULATED 2019-2024": _trained("heat", "long", weather, *last_years, "--name", "simulated-heat"),
        "rain, SIMULATED 2019-2024": _trained("rain", "long", weather, *last_years, "--name", "simulated-rain"),
    }


def _trained(hazard: str, shape: str, path: Path, *words: str) -> Answer:
    return haechi("train", "disaster", "--hazard", hazard, "--shape", shape, "--data", str(path), *words)


def _river(found: Answer) -> list[Row]:
    """Jamsu, every year by a model that had not seen it."""
    rows: list[Row] = []
    for part, what, goals in (
        ("quantity", "", RIVER_RMSE_CM),
        ("quantity_high", " while at 4 m and more", RIVER_HIGH_CM),
    ):
        for one, goal in zip(found[part], goals, strict=True):
            beside = f"persistence {one['rmse_persistence']:.1f}, linear {one['rmse_linear']:.2f}"
            rows.append(
                (f"Jamsu +{one['horizon_h']} h{what}, RMSE cm ({beside})", f"<= {goal:g}", f"{one['rmse']:.2f}")
            )
    for one, goal in zip(_first_level(found, "within"), RIVER_SKILL, strict=True):
        beside = f"{one['came']:,} came; on bins {one['skill_bins']:.3f}"
        what = f"P(5.5 m within {one['horizon_h']} h), Brier skill on persistence ({beside})"
        rows.append((what, f">= {goal}", f"{one['skill_persistence']:.3f}"))
    alarm = found["alarms"][0]
    reached = f"{alarm['pod']:.2f}, {alarm['far']:.2f}, {alarm['median_lead_h']:.1f} h"
    return [
        *rows,
        (f"alarms at 5.5 m, {alarm['events']} onsets: POD, FAR, median lead", ">= .94, <= .15, >= 3 h", reached),
    ]


def _dust(found: Answer) -> list[Row]:
    """PM2.5 on its last year."""
    return [
        (
            f"PM2.5 +{one['horizon_h']} h, skill on climatology "
            f"(on persistence {one['skill_persistence']:.2f}, on bins {one['skill_bins']:.2f})",
            f">= {goal}",
            f"{one['skill_climatology']:.3f}",
        )
        for one, goal in zip(_first_level(found, "met"), DUST_SKILL, strict=True)
    ]


def _hot(found: Answer) -> list[Row]:
    (one,) = _first_level(found, "met")
    return [("tmax33, 2017: Brier, AP", "<= .055, >= .91", f"{one['brier']:.4f}, {one['average_precision']:.3f}")]


def _skills(name: str, found: Answer) -> list[Row]:
    """One row a level and kind of probability, leads side by side."""
    rows: list[Row] = []
    for level in dict.fromkeys(one["level"] for one in found["probabilities"]):
        for kind in ("met", "within"):
            own = [one for one in found["probabilities"] if (one["level"], one["kind"]) == (level, kind)]
            came = f"{own[0]['came']:,} to {own[-1]['came']:,} of {own[0]['count']:,}"
            # As the command's own tables: where it hardly came nothing is claimed.
            skills = [_by_lead(own, key) for key in ("skill_climatology", "skill_persistence", "skill_bins")]
            told = skills if own[0]["came"] >= 10 else ["too few events"] * 3
            rows.append((name, level, kind, came, *told, f"{max(one['calibration_error'] for one in own):.4f}"))
    return rows


def _by_lead(scores: list[Answer], key: str, digits: int = 3) -> str:
    return " / ".join("-" if one[key] is None else f"{one[key]:.{digits}f}" for one in scores)


def _errors(name: str, found: Answer) -> Row:
    keys = ("rmse", "rmse_persistence", "rmse_linear")
    return (name, *(_by_lead(found["quantity"], key, 2) for key in keys))


def _alarms(name: str, found: Answer) -> list[Row]:
    rows: list[Row] = []
    for one in found["alarms"]:
        told = one["claim"]
        if "pod" in one:
            lead = "-" if one["median_lead_h"] is None else f"{one['median_lead_h']:.1f} h"
            told = f"POD {one['pod']:.2f}, FAR {one['far']:.2f}, CSI {one['csi']:.2f}, median lead {lead}"
        rows.append((name, one["level"], str(one["events"]), told))
    return rows


def _first_level(found: Answer, kind: str) -> list[Answer]:
    level = found["probabilities"][0]["level"]
    return [one for one in found["probabilities"] if (one["level"], one["kind"]) == (level, kind)]


if __name__ == "__main__":
    main()
