"""Detectors by name: a package asset, public weights that were fetched, or any ONNX file of a family that is known."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from features.cctv.detectors import own, small, yolox
from features.cctv.view import Detector
from features.errors import ArtifactMismatch, BadInput, UnknownName
from serving.cctv import weights
from serving.graph import open_session

_MEND = "Give the ONNX file of a detector with its weights inside, or a name: haechi-small, yolox-nano"
# Threads that spin while they wait cost a second camera its core.
_NO_SPINNING = {"session.intra_op.allow_spinning": "0", "session.inter_op.allow_spinning": "0"}

Make = Callable[[], Detector]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opened:
    """A detector whose graph is loaded once, for all cameras of a process.

    Attributes:
        name: e.g. ``yolox-nano``.
        sha256: of its file.
        make: one camera's own, on the graph of all: what looks at a picture may be used by one thread at a time.
    """

    name: str
    sha256: str
    make: Make


def open_detector(name: str, home: Path) -> Opened:
    """Load a detector.

    Args:
        name: ``haechi-small``, one of ``weights.KNOWN``, or a file that ends in .onnx.
        home: HAECHI_HOME, where weights lie.

    Raises:
        UnknownName: there is none of that name.
        BadInput: its file is not there, or its graph takes or gives something else.
        ArtifactMismatch: its file is not the one that it should be, no ONNX, or reaches for other files.
    """
    if name.endswith(".onnx"):
        return _loaded(Path(name), _read(Path(name), "Name a file that is there"))
    if name == own.NAME:
        return _loaded(Path(name), own.graph(), name=name)
    if name not in weights.KNOWN:
        raise UnknownName.among("detector", name, [own.NAME, *weights.KNOWN])
    path = weights.path_of(name, home)
    graph = _read(path, f"Fetch them: haechi weights get {name}")
    found, pinned = hashlib.sha256(graph).hexdigest(), weights.KNOWN[name].sha256
    if found != pinned:
        raise ArtifactMismatch(
            cause=f"{path} was altered: its SHA-256 is {found}, not {pinned}",
            mend=f"Fetch them again: haechi weights get {name}",
        )
    return _loaded(path, graph, name=name)


def _read(path: Path, mend: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(cause=f"The detector {path} cannot be read: {error.strerror}", mend=mend) from None


def _loaded(path: Path, graph: bytes, *, name: str = "") -> Opened:
    session = open_session(path, graph, threads=1, mend=_MEND, config=_NO_SPINNING)
    name, sha256 = name or path.stem, hashlib.sha256(graph).hexdigest()
    refusals = []
    for family in (_small, _yolox):
        try:
            return Opened(name=name, sha256=sha256, make=family(session, sha256, name))
        except BadInput as refusal:
            refusals.append(refusal)
    # What it has is said by each alike.
    wanted = "; ".join(refusal.cause for refusal in refusals)
    raise BadInput(cause=f"{path.name} is no detector that is known here: {wanted}", mend=_MEND)


def _small(session: Any, sha256: str, name: str) -> Make:
    small.check_graph(session.get_inputs(), session.get_outputs())

    def infer(views: small.FloatArray) -> tuple[small.FloatArray, small.FloatArray]:
        boxes, scores = session.run(["boxes", "scores"], {"views": views})
        return boxes, scores

    return partial(small.Small, infer, sha256, name)


def _yolox(session: Any, sha256: str, name: str) -> Make:
    side_px = yolox.check_graph(session.get_inputs(), session.get_outputs())
    taken, given = session.get_inputs()[0].name, session.get_outputs()[0].name

    def infer(pictures: yolox.FloatArray) -> yolox.FloatArray:
        rows: yolox.FloatArray = session.run([given], {taken: pictures})[0]
        return rows

    return partial(yolox.Yolox, infer, sha256, name, side_px=side_px)
