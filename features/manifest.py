"""What a model says of itself: the ``manifest.json`` of every artifact, written by training and read by serving."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import version as installed_version
from typing import Annotated, Literal

from pydantic import (
    AwareDatetime,
    Field,
    FiniteFloat,
    JsonValue,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from features.errors import ArtifactMismatch
from features.frozen import Frozen, Text
from features.limits import Deciles, Limits, fault
from features.self_test import SelfTest

FORMAT = 2
"""The manifest format of this Haechi. An older one says nothing of self-test and limits, and is not read."""

NAME_PATTERN = r"[a-z0-9][a-z0-9-]*"
"""Models, aliases and domains: no separator, no dot, so that a name is never a path."""

MAX_NAME_LENGTH = 100

DType = Literal[
    "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64",
    "float16", "float32", "float64", "string",
]  # fmt: skip
Name = Annotated[str, StringConstraints(pattern=rf"^{NAME_PATTERN}$", max_length=MAX_NAME_LENGTH)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Axis = Annotated[int, Field(ge=1, strict=True)] | Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class TensorSpec(Frozen):
    """One input or output of the graph.

    Attributes:
        name: as the graph calls it.
        dtype: numpy's name of the element type; ``string`` for text.
        shape: a length, or the name of an axis whose length the caller picks, e.g. ``("entity", 24)``. An axis of
            the same name has the same length everywhere in one call.
        unit: of the values, e.g. ``veh/h``; ``1`` where they have none.
        meaning: one sentence for whoever fills or reads it.
    """

    name: Text
    dtype: DType
    shape: tuple[Axis, ...]
    unit: Text
    meaning: Text


class Score(Frozen):
    """One figure of merit; the baselines' stand beside the model's, told apart by ``model``.

    Attributes:
        model: who scored it: the model's own name or a baseline's.
        metric: e.g. ``mae`` or ``coverage_80``.
        unit: of ``value``.
        horizon: the steps it is over, e.g. ``1-24`` or ``6``.
        value: the figure.
        interval: the time that it was measured on, e.g. ``test 2022-10-20..2022-12-31``.
    """

    model: Text
    metric: Text
    unit: Text
    horizon: Text
    value: FiniteFloat
    interval: Text


class TrainingInterval(Frozen):
    """What the model learned from: its first and last instant (aware), rows, and the hash of the data."""

    start: AwareDatetime
    end: AwareDatetime
    rows: Annotated[int, Field(ge=1)]
    data_sha256: Sha256


class Manifest(Frozen):
    """The whole self-description of one version of one model. It is checked at birth and never changes.

    Attributes:
        format: of this file; a reader refuses another one.
        minimum_runtime: the oldest Haechi, e.g. ``0.1.0``, that can serve it.
        step_min: minutes from one step of the forecast to the next.
        quantiles: of the outputs, rising, each inside (0, 1); empty for a model that has none.
        feature_schema_sha256: ``schema_sha256(inputs, outputs)``.
        training: what it learned from; None where it was made elsewhere and nobody said.
        config: the domain's own configuration, as JSON.
        state_as_of: until when ``state.parquet`` has seen measurements; None where the artifact has no state.
        self_test: what the graph answers to the rows of ``self_test.npz``; tried before it may serve.
        non_finite: what becomes of NaN and infinity in an input: ``refuse`` the call, or ``pass`` them to the graph.
        limits: rows beyond them are answered by the fallback; None: every row is the model's.
        fallback: file of the graph that answers for rows that the model should not, or whose answer is not finite;
            it takes some of the inputs and gives the same outputs, rows first. None where there is none.
        deciles: of float inputs in training; empty where nobody looked.
        simulated: learned from the simulated Seoul, so every answer must be labelled so.
    """

    format: Literal[2]
    domain: Name
    name: Name
    version: Annotated[int, Field(ge=1)]
    created_at: AwareDatetime
    git_commit: str | None
    mlflow_run: str | None
    minimum_runtime: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
    inputs: Annotated[tuple[TensorSpec, ...], Field(min_length=1)]
    outputs: Annotated[tuple[TensorSpec, ...], Field(min_length=1)]
    entities: tuple[Text, ...]
    quantity: Text
    unit: Text
    step_min: Annotated[int, Field(ge=1)]
    horizon_steps: Annotated[int, Field(ge=1)]
    quantiles: tuple[Annotated[float, Field(gt=0, lt=1)], ...]
    timezone: Text
    country: Text
    feature_schema_sha256: Sha256
    training: TrainingInterval | None
    scores: tuple[Score, ...]
    config: dict[str, JsonValue]
    state_as_of: AwareDatetime | None
    simulated: bool
    self_test: SelfTest
    non_finite: Literal["refuse", "pass"]
    limits: Limits | None
    fallback: Literal["fallback.onnx"] | None
    deciles: tuple[Deciles, ...]

    @field_validator("entities")
    @classmethod
    def _unique_entities(cls, entities: tuple[str, ...]) -> tuple[str, ...]:
        return _unique(entities)

    @field_validator("inputs", "outputs")
    @classmethod
    def _unique_tensors(cls, specs: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
        _unique([spec.name for spec in specs])
        return specs

    @field_validator("quantiles")
    @classmethod
    def _rising(cls, quantiles: tuple[float, ...]) -> tuple[float, ...]:
        if list(quantiles) != sorted(set(quantiles)):
            raise ValueError(f"{list(quantiles)} does not rise strictly")
        return quantiles

    @model_validator(mode="after")
    def _schema_is_hashed(self) -> "Manifest":
        expected = schema_sha256(self.inputs, self.outputs)
        if self.feature_schema_sha256 != expected:
            raise ValueError(f"feature_schema_sha256 is not that of inputs and outputs, which is {expected}")
        return self

    @model_validator(mode="after")
    def _self_test_is_of_every_output(self) -> "Manifest":
        outputs = [spec.name for spec in self.outputs]
        for field, names in (("outputs", outputs), ("fallback", outputs if self.fallback else [])):
            recorded = [one.output for one in getattr(self.self_test, field)]
            if recorded != names:
                raise ValueError(f"self_test.{field} is of {recorded}, not of {names}")
        return self

    @model_validator(mode="after")
    def _limits_fit(self) -> "Manifest":
        firsts = {spec.shape[:1] for spec in (*self.inputs, *self.outputs)}
        if self.fallback is not None and (len(firsts) > 1 or not isinstance((*firsts.pop(), None)[0], str)):
            raise ValueError("fallback answers row by row, and inputs and outputs have not one named first axis")
        if self.limits is not None and self.fallback is None:
            raise ValueError("limits are given, and no fallback to answer beyond them")
        inputs = {spec.name: (spec.dtype, spec.shape) for spec in self.inputs}
        ranges = () if self.limits is None else self.limits.ranges
        told = [(one.input, len(one.low)) for one in ranges], [(one.input, len(one.values)) for one in self.deciles]
        for field, channels in zip(("limits", "deciles"), told, strict=True):
            wrong = fault(channels, inputs)
            if wrong is not None:
                raise ValueError(f"{field} do not fit: {wrong}")
        return self

    @property
    def forecaster(self) -> str:
        """The name under which the model's own scores stand among the baselines'; its name where it has none."""
        return next((score.model for score in self.scores if score.metric == "coverage"), self.name)

    @property
    def learned(self) -> TrainingInterval:
        """``training`` of a model that was trained here.

        Raises:
            ArtifactMismatch: it was made elsewhere.
        """
        if self.training is None:
            raise ArtifactMismatch(
                cause=f"{self.name}/{self.version} was imported: what it learned from is not known",
                mend="Name a model that `haechi train` made",
            )
        return self.training

    def to_json(self) -> str:
        """The content of ``manifest.json``; ``parse`` gives the same manifest back."""
        return self.model_dump_json(indent=2) + "\n"


def parse(text: bytes) -> Manifest:
    """The manifest that ``text``, the content of a ``manifest.json``, holds.

    Raises:
        ArtifactMismatch: it is no JSON, comes from a newer Haechi, or a field of it is wrong; names the field.
    """
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _mismatch(f"manifest.json is not JSON: {error}") from None
    other = raw.get("format") if isinstance(raw, dict) else None
    if type(other) is int and other != FORMAT:
        upgrade = "Upgrade Haechi on this machine, or export the model again with this one"
        again = "An older Haechi made it, without self-test and limits: train the model again with this one"
        raise ArtifactMismatch(
            cause=f"manifest.json: 'format' is {other}; this Haechi reads {FORMAT}",
            mend=upgrade if other > FORMAT else again,
        )
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "manifest"
        raise _mismatch(f"manifest.json: '{field}' is wrong: {first['msg']}") from None
    _refuse_newer(manifest)
    return manifest


def schema_sha256(inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> str:
    """The hash of what goes in and out: equal where one model can stand in for another without touching a caller.

    Names, dtypes, shapes and units count, in their order; ``meaning`` is prose and does not.

    >>> spec = TensorSpec(name="x", dtype="float32", shape=("entity", 24), unit="veh/h", meaning="Volume")
    >>> schema_sha256([spec], [spec])[:12]
    'f563dec73ead'
    """
    schema = [[spec.model_dump(exclude={"meaning"}) for spec in specs] for specs in (inputs, outputs)]
    return sha256(json.dumps(schema, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _refuse_newer(manifest: Manifest) -> None:
    ours = installed_version("haechi")
    if _release(manifest.minimum_runtime) > _release(ours):
        raise ArtifactMismatch(
            cause=f"manifest.json: 'minimum_runtime' is {manifest.minimum_runtime}; this Haechi is {ours}",
            mend="Upgrade Haechi on this machine, or export the model again with this one",
        )


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    name, times = Counter(names).most_common(1)[0] if names else ("", 0)
    if times > 1:
        raise ValueError(f"'{name}' appears {times} times")
    return tuple(names)


def _mismatch(cause: str) -> ArtifactMismatch:
    return ArtifactMismatch(cause=cause, mend="Export the model again: a manifest is never edited by hand")
