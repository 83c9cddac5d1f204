"""A watcher before a film: rendered, real, or of blocks that a detector of one rule finds."""

from dataclasses import dataclass, field

import cv2
import onnxruntime

from features.cctv.detections import Detections
from features.cctv.detectors import own
from features.cctv.detectors.small import Small, check_graph
from features.cctv.kinds import UserKind
from features.cctv.rules import load_rules
from features.cctv.watcher import Watcher
from features.cctv.zones import load_zones
from features.simulated.cctv.film import zones_toml
from features.simulated.cctv.motion import Traffic
from features.simulated.cctv.picture import Painter
from features.simulated.cctv.witness import Witness

RATE_FPS = 5.0
"""At which cameras are watched."""


def own_detector():
    """The one that comes with the package, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(own.graph(), options, providers=["CPUExecutionProvider"])
    check_graph(session.get_inputs(), session.get_outputs())
    return Small(lambda views: tuple(session.run(["boxes", "scores"], {"views": views})), own.SHA256, own.NAME)


@dataclass
class Watched:
    """What a watcher told of a film, and what was true of it.

    Attributes:
        moments: in order.
        truth: what went wrong.
        boxes: of who did it, by the time, left, top, right, bottom.
        crossed: tracks of people who were on the carriageway.
    """

    moments: list = field(default_factory=list)
    truth: list = field(default_factory=list)
    boxes: dict = field(default_factory=dict)
    crossed: set = field(default_factory=set)

    @property
    def incidents(self):
        """Each as it was told last."""
        return list({one.incident_id: one for moment in self.moments for one in moment.incidents}.values())


def watch_scene(scene, detector, folder):
    """Render a scene and watch it, picture by picture, with the zones that its file draws."""
    size = (scene.pose.width_px, scene.pose.height_px)
    path = folder / "camera.toml"
    path.write_text(zones_toml(scene), encoding="utf-8")
    watcher = Watcher(
        camera=scene.camera_id,
        detector=detector,
        size_wh_px=size,
        rules=load_rules(),
        zones=load_zones(path, size),
    )
    traffic, witness, painter, watched = Traffic(scene=scene), Witness(scene=scene), Painter(scene), Watched()
    for number, users in enumerate(traffic.frames()):
        now_s = number / scene.fps
        witness.see(now_s, users, traffic.staged)
        picture, boxes = painter.draw(users)
        for box in boxes:
            if box.user.track_id == traffic.staged:
                watched.boxes[now_s] = (box.left_px, box.top_px, box.right_px, box.bottom_px)
        watched.crossed |= {
            user.track_id for user in users if user.kind is UserKind.PERSON and abs(user.x_m) < scene.road.edge_m
        }
        watched.moments.append(watcher.step(picture, now_s))
    watched.truth = witness.incidents
    return watched


def watch_clip(path, detector):
    """Watch a film without zones, at the rate of cameras."""
    clip = cv2.VideoCapture(str(path))
    size = tuple(int(clip.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    every = round(clip.get(cv2.CAP_PROP_FPS) / RATE_FPS)
    watcher = Watcher(camera="CAM-007", detector=detector, size_wh_px=size, rules=load_rules())
    watched, number = Watched(), 0
    while True:
        more, picture = clip.read()
        if not more:
            break
        if number % every == 0:
            watched.moments.append(watcher.step(picture, number / every / RATE_FPS))
        number += 1
    clip.release()
    return watched


class BlockDetector:
    """Finds the red blocks of ``road.Road`` by their colour, and calls each a car."""

    name, sha256, kinds = "block", "0" * 64, frozenset({UserKind.CAR})

    def detect(self, view):
        # Nothing else on that road is as red.
        mask = cv2.inRange(view.picture, (0, 0, 215), (110, 110, 255))
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
        return Detections.of(
            [
                (left, top, left + wide, top + high, 0.9, UserKind.CAR)
                for left, top, wide, high, area in stats[1:].tolist()
                if area >= 40
            ]
        )


def plain(moment):
    """All of a moment, in what can be compared."""
    found = moment.detections
    tracks = [(one.track_id, one.kind, one.xyxy_px.tolist(), one.score, one.seen_s) for one in moment.tracks]
    boxes = (found.xyxy_px.tolist(), found.score.tolist(), found.kinds())
    return (moment.time_s, boxes, tracks, moment.incidents, moment.health, moment.counts, moment.doubtful)
