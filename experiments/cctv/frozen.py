"""Sets of rendered scenes as a file fixes them: parameter ranges and seeds, from which each scene follows."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.cctv.kinds import IncidentKind
from features.simulated.cctv.pose import Pose
from features.simulated.cctv.road import LANE_M, Road
from features.simulated.cctv.scene import Light, Scene

NORMAL = "normal"
"""In the file: scenes in which nothing goes wrong."""
ORDER = (*(str(kind) for kind in IncidentKind), NORMAL)
_STREAM = 77


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneSet:
    """What a file fixes.

    Attributes:
        sha256: of the file.
        plan: what stands in it.
    """

    sha256: str
    plan: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> "SceneSet":
        """From a TOML file like ``frozen.toml``."""
        content = path.read_bytes()
        return cls(sha256=hashlib.sha256(content).hexdigest(), plan=tomllib.loads(content.decode()))

    def scenes(self) -> list[Scene]:
        """All of them, kind by kind."""
        return [
            self.scene(staged, number, seed)
            for staged in ORDER
            for number, seed in enumerate(self.plan["seeds"].get(staged, []))
        ]

    def scene(self, staged: str, number: int, seed: int) -> Scene:
        """One of them.

        Args:
            staged: what goes wrong, or ``normal``.
            number: of the scene among those of its kind, from 0: picks weather and pole.
            seed: its own.
        """
        plan, chance = self.plan, np.random.default_rng([seed, _STREAM])
        incident = None if staged == NORMAL else IncidentKind(staged)
        weather, pole = plan["weather"][number % len(plan["weather"])], self._pole(number)
        road = self._road(incident, chance)
        away, towards = (self._volume_veh_h(road, incident, heading, chance) for heading in (1, -1))
        rain = float(chance.uniform(*weather["rain_mm_h"]))
        ranges = plan["ranges"]
        return Scene(
            camera_id=f"CAM-{seed:04d}",
            seed=seed,
            road=road,
            pose=self._pose(road, pole, chance),
            volume_veh_h=(away, towards),
            speed_ms=float(chance.uniform(*ranges["speed_ms"])),
            light=Light(weather["light"]),
            rain_mm_h=rain,
            shake_px=float(chance.uniform(*ranges["shake_px"])),
            noise=float(chance.uniform(*ranges["noise"])),
            jpeg_quality=int(chance.integers(*ranges["jpeg_quality"], endpoint=True)),
            length_s=plan["length_s"],
            fps=plan["fps"],
            incident=incident,
            incident_s=float(chance.uniform(*plan["staged_share"])) * plan["length_s"],
        )

    def _pole(self, number: int) -> dict[str, Any]:
        # The next after a round of all weathers: every weather meets every pole.
        poles = self.plan["poles"]
        found: dict[str, Any] = poles[number // len(self.plan["weather"]) % len(poles)]
        return found

    def _road(self, incident: IncidentKind | None, chance: np.random.Generator) -> Road:
        ranges = self.plan["ranges"]
        lanes = int(chance.integers(*ranges["lanes"], endpoint=True))
        crossing, stop = chance.random() < ranges["crossing_share"], chance.random() < ranges["bus_stop_share"]
        crossing_y_m, stop_y_m = (float(chance.uniform(*ranges[name])) for name in ("crossing_y_m", "bus_stop_y_m"))
        if incident is IncidentKind.QUEUE:
            # A queue at the lights is none.
            return Road(lanes=lanes)
        return Road(
            lanes=lanes, crossing_y_m=crossing_y_m if crossing else None, bus_stop_y_m=stop_y_m if stop else None
        )

    def _volume_veh_h(
        self, road: Road, incident: IncidentKind | None, heading: int, chance: np.random.Generator
    ) -> float:
        queues = incident is IncidentKind.QUEUE and heading > 0
        return road.lanes * float(
            chance.uniform(*self.plan["ranges"]["queue_veh_h_lane" if queues else "volume_veh_h_lane"])
        )

    def _pose(self, road: Road, pole: dict[str, Any], chance: np.random.Generator) -> Pose:
        ranges = self.plan["ranges"]
        width, height = self.plan["size_px"]
        return Pose(
            width_px=width,
            height_px=height,
            focal_px=float(chance.uniform(*ranges["focal_px"])),
            x_m=float(chance.uniform(*ranges["pole_share"])) * road.lanes * LANE_M,
            height_m=float(chance.uniform(*pole["height_m"])),
            pitch_deg=float(chance.uniform(*pole["pitch_deg"])),
            yaw_deg=float(chance.uniform(*ranges["yaw_deg"])),
        )
