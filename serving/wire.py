"""``ModelInfer`` from bytes to bytes: what a caller sends again and again but for its numbers is read once.

A request's numbers come last (``raw_input_contents``), and what stands before them, names, types and shapes, is the
same from call to call. It is parsed and held against the manifest the first time, and remembered by its bytes; a later
call costs a look-up and a view on each block of numbers. Whatever does not fit that shape is parsed anew.
"""

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from features.errors import BadInput, Overloaded, UnknownName
from serving.asked import find
from serving.call import Call, Priority
from serving.outputs import COUNT, REASONS, Outputs, written
from serving.proto import open_inference_grpc_pb2 as oip
from serving.runtime import Runtime
from serving.served import Served, check
from serving.tensors import DTYPES, Array, decode, encode, from_wire, raw_of

# Tags of length-delimited fields: number << 3 | 2.
_RAW_INPUT, _RAW_OUTPUT = 7 << 3 | 2, bytes((6 << 3 | 2,))
# Heads of more callers than that push each other out; longer ones are rare and not worth their memory.
_MOST_HEADS, _LONGEST_HEAD = 256, 8192
_LONGEST_VARINT = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Block:
    """How one input lies in its block of numbers."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    size: int


@dataclass(slots=True, kw_only=True, eq=False)
class _Head:
    """What a request says before its numbers.

    Attributes:
        model: that is asked.
        version: as written; empty: the server's choice.
        blocks: one an input, in the order of the numbers.
        wanted: outputs, all where empty.
        checked: the version whose manifest the inputs were held against, its named axes' lengths in such a call, and
            the head of the reply by the outputs' shapes.
    """

    model: str
    version: str
    blocks: tuple[_Block, ...]
    wanted: tuple[str, ...]
    checked: "tuple[Served, dict[str, int], dict[tuple[tuple[int, ...], ...], bytes]] | None" = None


class Wire:
    """Answers ``ModelInfer`` requests as they come off the wire; safe to use from many threads."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        # By length, then by content: a request is looked up by as many of its first bytes as a head has.
        self._heads: dict[int, dict[bytes, _Head]] = {}

    def infer(self, request: bytes, call: Call) -> bytes:
        """The serialised ``ModelInferResponse`` of a serialised ``ModelInferRequest``.

        Raises:
            BadInput: it is no such message, or does not fit the model's manifest.
            UnknownName: no such model or version is served.
            NotAllowed: the caller may not ask for it.
            TooLate: nobody waits for it any more.
        """
        known = self._known(request)
        if known is None:
            return self._read_anew(request, call)
        head, blocks = known
        served = find(self._runtime, head.model, head.version, call)
        call.model = served.label
        call.refuse_if_over()
        arrays = {}
        for one, (start, end) in zip(head.blocks, blocks, strict=True):
            # A slice, not a view: its copy lies aligned, as the graph's kernels want it.
            array = np.frombuffer(request[start:end], one.dtype).reshape(one.shape)
            if one.dtype == np.bool_ and array.view(np.uint8).max() > 1:
                return self._read_anew(request, call)
            arrays[one.name] = array
        # Looked at once: beside a canary another call may put another version there at any moment.
        checked = head.checked
        if checked is None or checked[0] is not served:
            # Of another version than before: whatever changed, its manifest decides.
            _refuse_unknown_outputs(head.wanted, served)
            checked = head.checked = (served, check(served, arrays), {})
        _, axes, replies = checked
        return _reply(served, self._runtime.compute(served, arrays, axes, call), head.wanted, replies)

    def brief(self, request: bytes) -> bool:
        """Whether ``infer`` of ``request`` will cost less than handing it to another thread."""
        known = self._known(request)
        return known is not None and self._runtime.is_brief(known[0].model, known[0].version)

    def overload(self, request: bytes, priority: Priority) -> Overloaded | None:
        """Why ``infer`` of ``request`` would be refused now for what waits already; None: it might not."""
        known = None if priority is Priority.HIGH else self._known(request)
        return None if known is None else self._runtime.overload(known[0].model, known[0].version)

    def _known(self, request: bytes) -> tuple[_Head, list[tuple[int, int]]] | None:
        """The remembered head of a request, and where its blocks lie; None where one is not as it was then."""
        for length, heads in self._heads.items():
            head = heads.get(request[:length])
            if head is None:
                continue
            blocks = _blocks(request, length)
            if blocks is not None and [end - start for start, end in blocks] == [one.size for one in head.blocks]:
                return head, blocks
        return None

    def _read_anew(self, request: bytes, call: Call) -> bytes:
        try:
            asked = oip.ModelInferRequest.FromString(request)
        except DecodeError:
            raise BadInput(
                cause="The bytes sent are no inference.ModelInferRequest", mend="Use the protocol's own proto file"
            ) from None
        reply = answer(self._runtime, asked, call)
        self._remember(request, asked)
        return reply.SerializeToString()

    def _remember(self, request: bytes, asked: oip.ModelInferRequest) -> None:
        """Keep the head of a request that was answered, if the next one of its caller may start likewise."""
        if asked.id or len(asked.raw_input_contents) != len(asked.inputs):
            return
        dtypes = [from_wire(tensor.datatype).numpy for tensor in asked.inputs]
        length = _head_length(request)
        if length is None or length > _LONGEST_HEAD or any(dtype.hasobject for dtype in dtypes):
            return
        blocks = tuple(
            _Block(
                name=tensor.name,
                dtype=dtype,
                shape=tuple(tensor.shape),
                size=math.prod(tensor.shape) * dtype.itemsize,
            )
            for tensor, dtype in zip(asked.inputs, dtypes, strict=True)
        )
        head = _Head(
            model=asked.model_name,
            version=asked.model_version,
            blocks=blocks,
            wanted=tuple(output.name for output in asked.outputs),
        )
        with self._lock:
            heads = self._heads if sum(map(len, self._heads.values())) < _MOST_HEADS else {}
            # Replaced whole, never changed: who reads meanwhile sees the old table.
            self._heads = heads | {length: heads.get(length, {}) | {request[:length]: head}}


def answer(runtime: Runtime, asked: oip.ModelInferRequest, call: Call) -> oip.ModelInferResponse:
    """The reply to a request of any shape: raw or typed contents, text, an id.

    Raises:
        BadInput, UnknownName, NotAllowed, TooLate: as ``Wire.infer``.
    """
    served = find(runtime, asked.model_name, asked.model_version, call)
    call.model = served.label
    wanted = tuple(output.name for output in asked.outputs)
    _refuse_unknown_outputs(wanted, served)
    arrays = decode(asked.inputs, asked.raw_input_contents)
    axes = check(served, arrays)
    call.refuse_if_over()
    outputs = runtime.compute(served, arrays, axes, call)
    names = wanted or tuple(spec.name for spec in served.manifest.outputs)
    reply = _reply_head(served, names, outputs)
    reply.id = asked.id
    _say_fallback(reply, outputs)
    reply.raw_output_contents.extend(encode(outputs[name])[1] for name in names)
    return reply


def _refuse_unknown_outputs(wanted: Sequence[str], served: Served) -> None:
    known = [spec.name for spec in served.manifest.outputs]
    for name in wanted:
        if name not in known:
            unknown = UnknownName.among(f"output of {served.label}", name, known)
            raise BadInput(cause=unknown.cause, mend=unknown.mend)
    if len(set(wanted)) < len(wanted):
        raise BadInput(cause="An output is asked for twice", mend="Name every output once, or none for all")


def _reply(
    served: Served,
    outputs: Outputs,
    wanted: tuple[str, ...],
    replies: dict[tuple[tuple[int, ...], ...], bytes],
) -> bytes:
    names = wanted or tuple(outputs)
    shapes = tuple(outputs[name].shape for name in names)
    head = None if outputs.fallback else replies.get(shapes)
    if head is None:
        written_head = _reply_head(served, names, outputs)
        _say_fallback(written_head, outputs)
        head = written_head.SerializeToString()
        if not outputs.fallback:
            replies[shapes] = head
    parts: list[bytes | memoryview] = [head]
    for name in names:
        raw = raw_of(outputs[name])
        parts += (_RAW_OUTPUT, varint(raw.nbytes if isinstance(raw, memoryview) else len(raw)), raw)
    return b"".join(parts)


def _say_fallback(reply: oip.ModelInferResponse, outputs: Outputs) -> None:
    if outputs.fallback:
        reply.parameters[COUNT].CopyFrom(oip.InferParameter(int64_param=len(outputs.fallback)))
        reply.parameters[REASONS].CopyFrom(oip.InferParameter(string_param=written(outputs.fallback)))


def _reply_head(served: Served, names: Sequence[str], outputs: Mapping[str, Array]) -> oip.ModelInferResponse:
    manifest = served.manifest
    reply = oip.ModelInferResponse(model_name=manifest.name, model_version=str(manifest.version))
    types = {spec.name: DTYPES[spec.dtype].wire for spec in manifest.outputs}
    for name in names:
        reply.outputs.add(name=name, datatype=types[name], shape=outputs[name].shape)
    return reply


def varint(number: int) -> bytes:
    """A number as protobuf writes lengths.

    >>> varint(300).hex()
    'ac02'
    """
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def _blocks(request: bytes, at: int) -> list[tuple[int, int]] | None:
    """Start and end of every block of numbers from ``at`` on; None where anything else follows."""
    blocks = []
    while at < len(request):
        if request[at] != _RAW_INPUT:
            return None
        found = _read_varint(request, at + 1)
        if found is None:
            return None
        length, start = found
        at = start + length
        blocks.append((start, at))
    return blocks if at == len(request) else None


def _read_varint(request: bytes, at: int) -> tuple[int, int] | None:
    """The number at ``at`` and where it ends; None where it does not."""
    value = 0
    for place, byte in enumerate(request[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    return None


def _head_length(request: bytes) -> int | None:
    """How many bytes stand before the first block of numbers; None where other fields follow, or none does."""
    at = 0
    while at < len(request) and request[at] != _RAW_INPUT:
        # Every field before it is of a length that it says itself (wire type 2).
        found = _read_varint(request, at + 1) if request[at] & 7 == 2 else None
        if found is None:
            return None
        at = found[0] + found[1]
    return at if at < len(request) and _blocks(request, at) is not None else None
