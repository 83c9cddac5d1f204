"""What cameras are watched with: the product's own parts (``serving/cctv/parts.py`` says what is asked of them)."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from features.cctv.rules import load_rules
from features.cctv.watcher import Watcher
from features.cctv.zones import ZoneKind, load_zones
from serving.cctv.camera import Camera
from serving.cctv.camera_file import read_camera_file
from serving.cctv.detectors import open_detector
from serving.cctv.parts import Eye, Frames
from serving.cctv.sight import Sight, WatchConfig, is_camera_file
from serving.cctv.source import Pace, Reading, source_of
from serving.cctv.told import Provenance


class Seeing:
    """The parts of all cameras of one process.

    Args:
        config: how they are watched.

    Raises:
        BadInput: as ``open_detector``.
        ArtifactMismatch: likewise.
    """

    def __init__(self, config: WatchConfig) -> None:
        self._detector = open_detector(config.detector, config.home)
        self._rules = load_rules()
        self._reading = Reading(rate_fps=config.fps, pace=Pace.MAX if config.at_once else Pace.REAL)

    def frames(self, sight: Sight) -> Frames:
        """The camera's pictures.

        Raises:
            BadInput: as ``source_of`` and ``read_camera_file``.
        """
        if is_camera_file(sight.address):
            return Camera(replace(read_camera_file(Path(sight.address)), camera=sight.name))
        return Camera(source_of(sight.address, camera=sight.name, reading=self._reading))

    def eye(self, sight: Sight, size_wh_px: tuple[int, int]) -> Eye:
        """What sees in them.

        Raises:
            BadInput: as ``load_zones``.
        """
        zones = None if sight.zones is None else load_zones(sight.zones, size_wh_px)
        watcher = Watcher(
            camera=sight.name,
            detector=self._detector.make(),
            size_wh_px=size_wh_px,
            rules=self._rules,
            zones=zones,
        )
        by = Provenance(
            detector=self._detector.name,
            detector_sha256=self._detector.sha256,
            rules=str(self._rules.version),
            rules_sha256=self._rules.sha256,
            zones_sha256="" if zones is None else zones.sha256,
        )
        carriageway = None if zones is None else zones.mask(ZoneKind.CARRIAGEWAY).astype(np.uint8)
        return Eye(watcher=watcher, size_wh_px=size_wh_px, by=by, carriageway=carriageway)


def make_parts(config: WatchConfig) -> Seeing:
    """The parts, in the process that asks for them."""
    return Seeing(config)
