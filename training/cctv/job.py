"""What a training of the detector was asked for, checked before anything is rendered."""

from dataclasses import dataclass
from pathlib import Path

from features.errors import BadInput, UnknownName
from training.cctv.clips import clips_in
from training.cctv.recipe import QUICK, Recipe
from training.cctv.teacher import teacher_of
from training.options import TrainOptions

PARTS = ("detector",)

_OURS = {"data", "part", "weights", "name", "seed", "quick"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to train on and how.

    Attributes:
        name: of the model.
        clips: real ones to learn from, which may be none.
        weights: of the larger detector that says what is in them.
        recipe: settings.
        seed: of every random choice.
    """

    name: str
    clips: tuple[Path, ...]
    weights: Path | None
    recipe: Recipe
    seed: int


def read_job(options: TrainOptions) -> Job:
    """Check all that ``options`` names.

    Args:
        options: of the training.

    Raises:
        HaechiError: names cause and mend.
    """
    part = options.part or PARTS[0]
    if part not in PARTS:
        raise UnknownName.among("part of cctv", part, list(PARTS))
    for key in options.given:
        if key not in _OURS:
            raise BadInput(cause=f"--{key.replace('_', '-')} is not of cctv", mend="Leave it out")
    if options.data and options.weights is None:
        raise BadInput(
            cause="Nobody says what is in the clips of --data",
            mend="Give --weights FILE.onnx of a YOLOX ('haechi weights get yolox-nano'), or leave --data out: it then "
            "learns from rendered cameras alone",
        )
    if options.weights is not None and not options.data:
        raise BadInput(cause="--weights says what is in real clips, and there are none", mend="Give --data DIR of them")
    for key in options.config:
        if key not in Recipe().to_json():
            raise UnknownName.among("setting", key, list(Recipe().to_json()))
    if options.weights is not None:
        teacher_of(options.weights)
    missing = [path for path in options.data if not path.exists()]
    if missing:
        raise BadInput(cause=f"There is no {missing[0]}", mend="Give --data a folder of clips, or a clip")
    return Job(
        name=options.name if options.part or options.given.get("name") else f"cctv-{part}",
        clips=tuple(clips_in(options.data)) if options.data else (),
        weights=options.weights,
        recipe=Recipe.from_json((QUICK if options.quick else {}) | options.config),
        seed=options.seed,
    )
