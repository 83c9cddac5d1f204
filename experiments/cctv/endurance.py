"""``make bench-cameras``: half an hour of a feed that is cut, frozen and corrupted, beside one that is not.

Run from the repository's root: ``python -m experiments.cctv.endurance [--minutes M] [--seed N] [--film FILE]``. Serves
a rendered film (or yours) over RTSP, round and round, through a line with troubles and through one without; watches
memory, and when each outage is told and over. Prints a line a minute, Markdown tables, then JSON. Exit code 1 where a
goal is missed, 2 where no feed can be served.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from experiments.cctv.feed import served, why_not, write_raw
from experiments.cctv.line import Line, Trouble
from experiments.cctv.memory import Cost
from features.cctv.events import HealthEvent
from features.cctv.view import Picture
from features.simulated.cctv.motion import Traffic
from features.simulated.cctv.picture import Painter
from features.simulated.cctv.plan import scenes
from serving.cctv.camera import Camera
from serving.cctv.source import source_of

SIZE_WH_PX, FPS, FILM_S, WARM_UP_S = (352, 288), 25, 10.0, 20.0
MOST_GROWTH, MOST_RECOVERY_S, MOST_DECODE_MS, MOST_OWN_MIB = 0.05, 10.0, 15.0, 60.0
# A shorter pause is no outage: the feed goes on where it was.
SURELY_LOST_S = 5.5
TROUBLE_S, QUIET_S = (0.5, 15.0), (12.0, 25.0)


@dataclass(slots=True, kw_only=True)
class Attack:
    """One trouble, and what came of it; seconds of the machine's monotonic clock."""

    trouble: Trouble
    began_s: float
    over_s: float
    told: bool = False
    recovery_s: float = float("inf")

    def must_be_told(self) -> bool:
        """Whether it was an outage for certain."""
        frozen_long = self.trouble is Trouble.FROZEN and self.over_s - self.began_s > SURELY_LOST_S
        return self.trouble is Trouble.CUT or frozen_long

    def explains(self, time_s: float) -> bool:
        """Whether an outage that was told then may come of it."""
        return self.began_s <= time_s <= self.over_s + MOST_RECOVERY_S


@dataclass(slots=True)
class Watched:
    """What one camera sent, and when."""

    frames_s: list[float] = field(default_factory=list)
    losses_s: list[float] = field(default_factory=list)

    def follow(self, camera: Camera) -> None:
        """Until it is stopped."""
        for found in camera:
            if not isinstance(found, HealthEvent):
                self.frames_s.append(time.monotonic())
            elif found.cleared_s is None:
                self.losses_s.append(time.monotonic())


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table."""

    figure: str
    goal: str
    reached: str
    met: bool


def main() -> int:
    """Attack, watch, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--film", type=Path)
    options = parser.parse_args()
    if reason := why_not():
        sys.stderr.write(f"error: no RTSP feed can be served here: {reason}\n")
        return 2
    cv2.setNumThreads(1)
    sys.stdout.write(f"seed {options.seed}\n")
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.i420"
        write_raw(_of_file(options.film) if options.film else _rendered(options.seed), film)
        with served(film, SIZE_WH_PX, FPS) as port:
            attacks, watched, cost = _endure(port, options.minutes * 60, options.seed)
    figures = _figures(attacks, watched, cost)
    _print(figures, attacks)
    written = {"seed": options.seed, "minutes": options.minutes, "figures": [asdict(one) for one in figures]}
    sys.stdout.write(f"\n{json.dumps(written | {'attacks': [asdict(one) for one in attacks]})}\n")
    return 0 if all(one.met for one in figures) else 1


def _rendered(seed: int) -> Iterator[Picture]:
    (scene,) = scenes(seed, range(473_000, 473_001), 1, FILM_S)
    painter, times = Painter(scene), max(1, round(FPS / scene.fps))
    for users in Traffic(scene=scene).frames():
        picture = np.asarray(cv2.resize(painter.draw(users)[0], SIZE_WH_PX), dtype=np.uint8)
        yield from [picture] * times


def _of_file(path: Path) -> Iterator[Picture]:
    video = cv2.VideoCapture(str(path))
    while True:
        found, picture = video.read()
        if not found:
            return
        yield np.asarray(cv2.resize(picture, SIZE_WH_PX), dtype=np.uint8)


def _endure(port: int, seconds: float, seed: int) -> tuple[list[Attack], list[Watched], Cost]:
    line, chance = Line(port, seed), np.random.default_rng(seed)
    ports = {"attacked": line.port, "spared": port}
    cameras = [Camera(source_of(f"rtsp://127.0.0.1:{at}/film", camera=name), chance) for name, at in ports.items()]
    watched, cost, over = (
        [Watched() for _ in cameras],
        Cost(cameras=len(cameras), warm_up_s=WARM_UP_S),
        threading.Event(),
    )
    threads = [
        *(threading.Thread(target=each.follow, args=(camera,)) for each, camera in zip(watched, cameras, strict=True)),
        threading.Thread(target=_look, args=(cost, watched, over)),
    ]
    for thread in threads:
        thread.start()
    attacks = list(_attacks(line, np.random.default_rng(seed + 1), time.monotonic() + seconds))
    time.sleep(MOST_RECOVERY_S + 1)
    over.set()
    for camera in cameras:
        camera.stop()
    for thread in threads:
        thread.join()
    line.close()
    for attack in attacks:
        _judge(attack, watched[0])
    return attacks, watched, cost


def _look(cost: Cost, watched: list[Watched], over: threading.Event) -> None:
    next_s, minute = time.monotonic() + 60, 0
    while not over.wait(1.0):
        cost.look()
        if time.monotonic() > next_s and cost.resident_mib:
            next_s, minute = next_s + 60, minute + 1
            pictures = " and ".join(str(len(each.frames_s)) for each in watched)
            told = f"{cost.resident_mib[-1]:.1f} MiB, {pictures} pictures, {len(watched[0].losses_s)} outages told"
            sys.stdout.write(f"minute {minute}: {told}\n")
            sys.stdout.flush()


def _attacks(line: Line, chance: np.random.Generator, until_s: float) -> Iterator[Attack]:
    """One trouble after the other, with quiet between, as chance has it."""
    while True:
        time.sleep(chance.uniform(*QUIET_S))
        lasts_s = chance.uniform(*TROUBLE_S)
        trouble = (Trouble.CUT, Trouble.FROZEN, Trouble.NOISY)[chance.integers(3)]
        began_s = time.monotonic()
        if began_s + lasts_s > until_s:
            return
        line.have(trouble)
        time.sleep(lasts_s)
        line.have(Trouble.NONE)
        yield Attack(trouble=trouble, began_s=began_s, over_s=time.monotonic())


def _judge(attack: Attack, attacked: Watched) -> None:
    later_s = [time_s for time_s in attacked.frames_s if time_s > attack.over_s]
    attack.recovery_s = later_s[0] - attack.over_s if later_s else float("inf")
    # While it is on, and for as long after as a silence takes to be noticed.
    attack.told = any(attack.began_s <= time_s <= attack.over_s + SURELY_LOST_S for time_s in attacked.losses_s)


def _figures(attacks: list[Attack], watched: list[Watched], cost: Cost) -> list[Figure]:
    attacked, spared = watched
    outages = [one for one in attacks if one.must_be_told()]
    told = sum(one.told for one in outages)
    slowest_s = max((one.recovery_s for one in attacks), default=0.0)
    uncaused = [time_s for time_s in attacked.losses_s if not any(one.explains(time_s) for one in attacks)]
    first, last = cost.quarters_mib()
    growth = last / first - 1
    return [
        Figure("outages told (cut, or long frozen)", "all", f"{told} of {len(outages)}", told == len(outages)),
        Figure("slowest return after a trouble", "<= 10 s", f"{slowest_s:.1f} s", slowest_s <= MOST_RECOVERY_S),
        Figure("outages told that nobody caused", "none", str(len(uncaused)), not uncaused),
        Figure("outages told of the camera that was spared", "none", str(len(spared.losses_s)), not spared.losses_s),
        Figure(
            "resident memory, first quarter to last",
            "< 5 %",
            f"{first:.0f} to {last:.0f} MiB, {growth:+.1%}",
            growth < MOST_GROWTH,
        ),
        Figure("decoders at a time", "<= 2", str(cost.most_decoders), cost.most_decoders <= cost.cameras),
        Figure("a decoder's own memory", "<= 60 MiB", f"{cost.own_mib:.1f} MiB", cost.own_mib <= MOST_OWN_MIB),
        Figure("CPU for a second of feed", "<= 15 ms", f"{cost.decode_ms:.1f} ms", cost.decode_ms <= MOST_DECODE_MS),
    ]


def _print(figures: list[Figure], attacks: list[Attack]) -> None:
    write = sys.stdout.write
    write("\n| figure | goal | reached | met |\n| --- | --- | --- | --- |\n")
    for one in figures:
        write(f"| {one.figure} | {one.goal} | {one.reached} | {'yes' if one.met else 'NO'} |\n")
    write("\n| trouble | n | told | median return, s | slowest, s |\n| --- | --- | --- | --- | --- |\n")
    for trouble in (Trouble.CUT, Trouble.FROZEN, Trouble.NOISY):
        if own := [one for one in attacks if one.trouble is trouble]:
            took_s = [one.recovery_s for one in own]
            told = sum(one.told for one in own)
            write(f"| {trouble} | {len(own)} | {told} | {median(took_s):.1f} | {max(took_s):.1f} |\n")


if __name__ == "__main__":
    sys.exit(main())
