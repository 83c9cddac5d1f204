"""Makes any ONNX graph a version: its tensors as somebody wrote them down, its self-test as it answers itself."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from features import artifact
from features.errors import ArtifactMismatch, BadInput, UnknownName
from features.frozen import Frozen, Text
from features.manifest import Manifest, Name, TensorSpec, schema_sha256
from features.self_test import TOLERANCE, SelfTest, compare, record, save_rows
from features.settings import Settings
from training.provenance import git_commit
from training.publish import Published, publish_foreign

Rows = dict[str, npt.NDArray[Any]]

TENSORS = ("tensors.toml", "tensors.json")
"""What says of a graph's tensors is called, beside it."""

_ROWS, _SEED = 3, 7
_EXAMPLE = (
    '[[inputs]] name = "x", dtype = "float32", shape = ["row", 3], unit = "veh/h", and [[outputs]] likewise; '
    "an axis whose length the caller picks has a name"
)


class _Tensor(TensorSpec):
    meaning: Text = "Not described"


class Tensors(Frozen):
    """What a graph takes and gives, as ``tensors.toml`` or ``tensors.json`` says it.

    Attributes:
        inputs: of the graph, every one.
        outputs: of the graph, those that are served.
        domain: what it is a model of.
        quantity: what it answers, e.g. ``occupancy``.
        unit: of that.
        non_finite: what becomes of NaN and infinity in an input.
    """

    inputs: Annotated[tuple[_Tensor, ...], Field(min_length=1)]
    outputs: Annotated[tuple[_Tensor, ...], Field(min_length=1)]
    domain: Name = "generic"
    quantity: Text = "unknown"
    unit: Text = "unknown"
    non_finite: Literal["refuse", "pass"] = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Foreign:
    """A graph that was read and tried.

    Attributes:
        graph: its ONNX file, weights inside.
        tensors: what it takes and gives.
        rows: of its self-test.
        self_test: what it answers to them.
    """

    graph: bytes
    tensors: Tensors
    rows: Rows
    self_test: SelfTest


def read_foreign(graph: Path, tensors: Path) -> Foreign:
    """Read a graph, and hold it against what is said of it by asking it twice.

    Raises:
        BadInput: a file that is none, a tensor that the graph does not have or that is otherwise than said, or
            answers that differ from one time to the next; names the tensor.
    """
    said = _read_tensors(tensors)
    content = _self_contained(graph)
    rows = _random_rows(said.inputs)
    first, again = _answers(content, graph, said, rows)
    recorded = record(first)
    try:
        compare(graph.name, recorded, again, TOLERANCE)
    except ArtifactMismatch:
        raise BadInput(
            cause=f"{graph.name} does not answer the same twice, so nobody could tell whether it is still itself",
            mend="Export it for inference, without random operators (dropout, sampling) in it",
        ) from None
    test = SelfTest(tolerance=TOLERANCE, outputs=recorded, fallback=())
    return Foreign(graph=content, tensors=said, rows=rows, self_test=test)


def publish_graph(name: str, one: Foreign, source: str, settings: Settings) -> Published:
    """Make a version of it under ``name``; the first one is champion.

    Args:
        name: of the model.
        one: as read.
        source: where it came from, for its card.
        settings: where to publish.

    Raises:
        BadInput: ``name`` is no model's name.
    """

    def write(folder: Path, version: int, mlflow_run: str | None) -> None:
        manifest = _manifest(name, one, version, mlflow_run)
        (folder / artifact.MODEL).write_bytes(one.graph)
        (folder / artifact.MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        (folder / artifact.CARD).write_text(_card(manifest, source), encoding="utf-8")
        save_rows(one.rows, folder / artifact.SELF_TEST)

    return publish_foreign(name, write, settings)


def _read_tensors(path: Path) -> Tensors:
    try:
        text = path.read_text(encoding="utf-8")
        raw = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        return Tensors.model_validate_json(json.dumps(raw))
    except FileNotFoundError:
        raise BadInput(cause=f"There is no {path}", mend=f"Write one: {_EXAMPLE}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise BadInput(cause=f"{path}: '{field}' is wrong: {first['msg']}", mend=f"Write {_EXAMPLE}") from None
    except (ValueError, TypeError, OSError) as error:
        raise BadInput(cause=f"{path} cannot be read: {error}", mend=f"Write TOML or JSON: {_EXAMPLE}") from None


def _self_contained(path: Path) -> bytes:
    """The graph with weights that lay in files beside it inside."""
    import onnx
    from google.protobuf.message import DecodeError, EncodeError

    try:
        content: bytes = onnx.load(path).SerializeToString()
    except (OSError, ValueError, DecodeError, EncodeError, onnx.checker.ValidationError) as error:
        cause = (
            f"{path} is no ONNX graph that can be read whole: {str(error).splitlines()[0] if str(error) else error!r}"
        )
        raise BadInput(cause=cause, mend="Export it again, its weights inside or beside it") from None
    return content


def _random_rows(inputs: Sequence[TensorSpec]) -> Rows:
    """A few rows that fit ``inputs``, the same ones each time."""
    chance = np.random.default_rng(_SEED)
    rows: Rows = {}
    for spec in inputs:
        shape = tuple(_ROWS if isinstance(axis, str) else axis for axis in spec.shape)
        if spec.dtype == "string":
            rows[spec.name] = chance.choice(["강남", "B-07"], shape)
        elif spec.dtype.startswith("float"):
            rows[spec.name] = chance.random(shape).astype(spec.dtype)
        else:
            # No index of these lies out of the range of whatever it looks up.
            rows[spec.name] = chance.integers(0, 2, shape).astype(spec.dtype)
    return rows


def _answers(content: bytes, path: Path, said: Tensors, rows: Mapping[str, npt.NDArray[Any]]) -> tuple[Rows, Rows]:
    """What one session answers to the same rows twice."""
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors

    kinds = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "RuntimeException")
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        for side, specs, nodes in (
            ("input", said.inputs, session.get_inputs()),
            ("output", said.outputs, session.get_outputs()),
        ):
            _refuse_other_names(path, side, [spec.name for spec in specs], [node.name for node in nodes])
        names = [spec.name for spec in said.outputs]
        first, again = (dict(zip(names, session.run(names, dict(rows)), strict=True)) for _ in range(2))
    except tuple(getattr(onnx_errors, kind) for kind in kinds) as error:
        raise BadInput(
            cause=f"{path.name} does not take what is said of its tensors: {str(error).splitlines()[0]}",
            mend="Say dtypes and shapes as the graph has them",
        ) from None
    for spec in said.outputs:
        _refuse_other_answer(path, spec, first[spec.name])
    return first, again


def _refuse_other_names(path: Path, side: str, said: list[str], there: list[str]) -> None:
    for name in said:
        if name not in there:
            raise UnknownName.among(f"{side} of {path.name}", name, there)
    for name in there:
        if name not in said:
            raise BadInput(cause=f"Nothing is said of the {side} '{name}' of {path.name}", mend=f"Say {_EXAMPLE}")


def _refuse_other_answer(path: Path, spec: TensorSpec, answer: npt.NDArray[Any]) -> None:
    dtype = "string" if answer.dtype.kind in "OU" else answer.dtype.name
    fits = len(spec.shape) == answer.ndim and all(
        axis in (length, _ROWS) if isinstance(axis, int) else True
        for axis, length in zip(spec.shape, answer.shape, strict=False)
    )
    if dtype != spec.dtype or not fits:
        raise BadInput(
            cause=f"Output '{spec.name}' of {path.name} is said to be {spec.dtype} {list(spec.shape)}; it answers "
            f"{dtype} {list(answer.shape)} to {_ROWS} rows",
            mend="Say dtypes and shapes as the graph has them",
        )


def _manifest(name: str, one: Foreign, version: int, mlflow_run: str | None) -> Manifest:
    said = one.tensors
    return Manifest(
        format=2,
        domain=said.domain,
        name=name,
        version=version,
        created_at=datetime.now(UTC),
        git_commit=git_commit(),
        mlflow_run=mlflow_run,
        minimum_runtime=installed_version("haechi"),
        inputs=said.inputs,
        outputs=said.outputs,
        entities=(),
        quantity=said.quantity,
        unit=said.unit,
        step_min=1,
        horizon_steps=1,
        quantiles=(),
        timezone="UTC",
        country="unknown",
        feature_schema_sha256=schema_sha256(said.inputs, said.outputs),
        training=None,
        scores=(),
        config={},
        state_as_of=None,
        simulated=False,
        self_test=one.self_test,
        non_finite=said.non_finite,
        limits=None,
        fallback=None,
        deciles=(),
    )


def _card(manifest: Manifest, source: str) -> str:
    def rows(specs: Sequence[TensorSpec]) -> str:
        return "\n".join(f"| {s.name} | {s.dtype} | {list(s.shape)} | {s.unit} | {s.meaning} |" for s in specs)

    head = "| name | dtype | shape | unit | meaning |\n| --- | --- | --- | --- | --- |"
    return f"""# {manifest.name} version {manifest.version}

Imported from `{source}`: what it learned from, and how well it does, is not known here.

## Takes
{head}
{rows(manifest.inputs)}

## Gives
{head}
{rows(manifest.outputs)}

## Know before use
- Its self-test is what the graph itself answered to random rows when it was imported: it shows that the graph is still
  the same, not that it is right.
- It has no limits and no fallback: every row is answered by the graph.
"""
