"""LightGBM's trees to ONNX, such that both say the same on every float32 input."""

from collections.abc import Callable, Mapping
from typing import Any

import lightgbm
import numpy as np
import onnx
from onnxmltools.convert import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

from features.errors import BadInput

# What converts to another model without a word (onnxmltools' issue 708 and our own trials), by LightGBM's own names.
_INCONVERTIBLE: dict[str, tuple[str, ...]] = {
    "zero_as_missing": ("true", "+", "1"),
    "linear_tree": ("true", "+", "1"),
    "reg_sqrt": ("true", "+", "1"),
    "objective": ("multiclassova", "multiclass_ova", "ova", "ovr"),
    "boosting": ("rf", "random_forest"),
}
# What is no larger LightGBM takes for zero, and splits there.
_ZERO = np.float32(1e-35)
# LightGBM's other names of those settings (its documentation, 'Parameters').
_ALIASES = {
    "linear_trees": "linear_tree",
    **dict.fromkeys(("boosting_type", "boost"), "boosting"),
    **dict.fromkeys(("objective_type", "app", "application", "loss"), "objective"),
    **dict.fromkeys(("cat_feature", "categorical_column", "cat_column", "categorical_features"), "categorical_feature"),
}


def refuse_inconvertible(parameters: Mapping[str, Any]) -> None:
    """Refuse settings of LightGBM whose trees would say something else once they are exported.

    Raises:
        BadInput: names the setting.
    """
    for name, value in parameters.items():
        known = _ALIASES.get(name, name)
        if str(value).strip().lower() in _INCONVERTIBLE.get(known, ()):
            raise BadInput(
                cause=f"LightGBM's {name}={value!r} converts to a graph that silently says something else",
                mend=f"Leave {name} at its default",
            )
        if known == "categorical_feature":
            raise BadInput(
                cause=f"LightGBM's {name} splits on codes, which a graph of float32 inputs does not",
                mend="Give the trees numbers: the category's level or its usual error",
            )


def grow(
    rows: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    parameters: Mapping[str, Any],
    count: int,
    on_tree: Callable[[object], None] = lambda _: None,
) -> lightgbm.Booster:
    """Trees on float32 rows, every threshold rounded down to float32.

    Args:
        rows: (row, feature), float32, nothing missing: what is unknown is a number beside its mask.
        targets: (row,).
        weights: (row,).
        parameters: LightGBM's.
        count: trees.
        on_tree: is called after each; what it raises ends the growing.

    Raises:
        BadInput: settings that cannot be exported, no rows, or rows that hold NaN.
    """
    refuse_inconvertible(parameters)
    if not len(rows):
        raise BadInput(
            cause="No target was measured for trees to learn from",
            mend='Train on a longer history, or without trees: --set \'members=["linear", "network"]\'',
        )
    if rows.dtype != np.float32 or not np.isfinite(rows).all():
        raise BadInput(cause="Rows for trees are not finite float32", mend="Cast them, and put a mask beside a number")
    data = lightgbm.Dataset(rows, targets, weight=weights, free_raw_data=True)
    booster = lightgbm.train({**parameters, "verbosity": -1}, data, num_boost_round=count, callbacks=[on_tree])
    return _rounded(booster)


def as_margins(booster: lightgbm.Booster) -> lightgbm.Booster:
    """Trees of log odds that answer with these, not with probabilities: a graph has one number a row."""
    said = {"objective=binary": "objective=regression", "[objective: binary]": "[objective: regression]"}
    lines = [
        next((other for start, other in said.items() if line.startswith(start)), line)
        for line in booster.model_to_string().split("\n")
    ]
    return lightgbm.Booster(model_str="\n".join(lines))


def to_onnx(booster: lightgbm.Booster, opset: int) -> onnx.ModelProto:
    """The graph of ``booster``: ``rows`` (row, feature) float32 to one value a row."""
    kind = FloatTensorType([None, booster.num_feature()])
    graph: onnx.ModelProto = convert_lightgbm(booster, initial_types=[("rows", kind)], target_opset=opset, zipmap=False)
    return graph


def _rounded(booster: lightgbm.Booster) -> lightgbm.Booster:
    """A float32 is at most a threshold exactly where it is at most the next float32 below that threshold."""
    lines = booster.model_to_string().split("\n")
    for at, line in enumerate(lines):
        if line.startswith("threshold="):
            down = [_next_float32_down(float(each)) for each in line.removeprefix("threshold=").split()]
            lines[at] = "threshold=" + " ".join(repr(value) for value in down)
        # The sizes are of the text before, and are only a short cut for reading it.
        elif line.startswith("tree_sizes="):
            lines[at] = ""
    return lightgbm.Booster(model_str="\n".join(lines))


def _next_float32_down(threshold: float) -> float:
    """The largest float32 at which LightGBM goes left of ``threshold``.

    >>> _next_float32_down(0.5), _next_float32_down(0.1) <= 0.1
    (0.5, True)
    """
    near = np.float32(threshold)
    # This very number LightGBM takes for zero, which is above it; a graph does not.
    if float(near) > threshold or near == -_ZERO:
        near = np.nextafter(near, np.float32(-np.inf))
    return float(near)
