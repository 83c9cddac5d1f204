"""What is judged: a detector by its name, and all that stands behind it, as `haechi watch` runs them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import onnxruntime

from features.cctv.detectors import own
from features.cctv.view import Detector
from features.errors import BadInput, UnknownName
from training.cctv.truth import Film

if TYPE_CHECKING:
    from features.cctv.background import Background
    from features.cctv.detectors import small, yolox
    from features.cctv.rules import Rules
    from features.cctv.watcher import Watcher

_FETCHED = {"yolox-nano": "yolox_nano.onnx"}
"""Public weights by name, as `haechi weights get` keeps them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """From pictures to incidents.

    Attributes:
        detector_name: ``haechi-small``, ``yolox-nano`` or an ONNX file of either family.
        home: HAECHI_HOME, where weights lie.
    """

    detector_name: str
    home: Path

    def detector(self) -> Detector:
        """A detector of its own, on one thread.

        Raises:
            UnknownName: there is none of that name.
            BadInput: its file is not there, or is of another family; names cause and mend.
        """
        path, graph = self._graph()
        name = path.stem if self.detector_name.endswith(".onnx") else self.detector_name
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own are of many kinds
            raise BadInput(
                cause=f"{path} is no ONNX graph that can be run: {error}", mend="Name another detector"
            ) from None
        return _adapted(session, hashlib.sha256(graph).hexdigest(), name)

    def rules(self) -> "Rules":
        """By which incidents are raised."""
        from features.cctv.rules import load_rules

        return load_rules()

    def background(self, size_wh_px: tuple[int, int]) -> "Background":
        """For a detector that looks at a film by itself."""
        from features.cctv.background import Background

        return Background(size_wh_px)

    def watcher(self, film: Film, size_wh_px: tuple[int, int], detector: Detector) -> "Watcher":
        """For one film.

        Args:
            film: that it watches.
            size_wh_px: of its pictures.
            detector: its own.

        Raises:
            BadInput: the film's zones make no sense.
        """
        from features.cctv.watcher import Watcher
        from features.cctv.zones import load_zones

        zones = None if film.zones is None else load_zones(film.zones, size_wh_px)
        return Watcher(camera=film.camera, detector=detector, size_wh_px=size_wh_px, rules=self.rules(), zones=zones)

    def _graph(self) -> tuple[Path, bytes]:
        name = self.detector_name
        if name == own.NAME:
            return Path(name), own.graph()
        if not name.endswith(".onnx") and name not in _FETCHED:
            raise UnknownName.among("detector", name, [own.NAME, *_FETCHED])
        path = self.home / "weights" / _FETCHED[name] if name in _FETCHED else Path(name)
        mend = f"Fetch it: haechi weights get {name}" if name in _FETCHED else "Name a file that is there"
        try:
            return path, path.read_bytes()
        except OSError as error:
            raise BadInput(cause=f"The detector {path} cannot be read: {error.strerror}", mend=mend) from None


def _adapted(session: onnxruntime.InferenceSession, sha256: str, name: str) -> Detector:
    """Whichever family's the graph is."""
    from features.cctv.detectors import small, yolox

    inputs, outputs = session.get_inputs(), session.get_outputs()
    if [one.name for one in inputs] == ["views"]:
        small.check_graph(inputs, outputs)

        def both(views: "small.FloatArray") -> "tuple[small.FloatArray, small.FloatArray]":
            boxes, scores = session.run(["boxes", "scores"], {"views": views})
            return boxes, scores

        return small.Small(both, sha256, name)
    side_px = yolox.check_graph(inputs, outputs)

    def rows(pictures: "yolox.FloatArray") -> "yolox.FloatArray":
        found: yolox.FloatArray = session.run(None, {inputs[0].name: pictures})[0]
        return found

    return yolox.Yolox(rows, sha256, name, side_px=side_px)
