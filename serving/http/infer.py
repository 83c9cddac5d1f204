"""``infer``: JSON, with or without binary tensors behind it, into a message of the protocol, and its answer back.

Numbers that come as bytes stay bytes: they go into the message as they are, and the wire's memory of heads
(``serving/wire.py``) serves both wires.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from features.errors import BadInput
from serving.call import Call
from serving.http.documents import parsed, uncompressed
from serving.http.reply import Reply, Unanswerable, of_json, written
from serving.http.tensors import from_json, to_json
from serving.proto import open_inference_grpc_pb2 as oip
from serving.tensors import decode, encode

HEADER_LENGTH = "inference-header-content-length"
"""How many of a body's first bytes are JSON; the rest are tensors."""

_MOST_AXES = 32
_Kind = TypeVar("_Kind")


@dataclass(slots=True, kw_only=True)
class Asked:
    """One ``infer`` as it came.

    Attributes:
        model: from the path.
        version: from the path; empty: the server's choice.
        headers: by name in lower case.
        body: as sent.
        refused: what HTTP says in the place of what the guard makes of it.
    """

    model: str
    version: str
    headers: Mapping[str, str]
    body: bytes
    refused: Unanswerable | None = None


class Infer:
    """Answers ``infer``.

    Args:
        wire: answers a serialised ``ModelInferRequest`` with a serialised ``ModelInferResponse``.
        most_bytes: that a decompressed body may have.
    """

    def __init__(self, wire: Callable[[bytes, Call], bytes], most_bytes: int) -> None:
        self._wire = wire
        self._most_bytes = most_bytes

    def answer(self, asked: Asked, call: Call) -> Reply:
        """The reply to one call.

        Raises:
            Unanswerable: the body is too large, or of an unknown encoding.
            BadInput: it is no such request; or as ``Wire.infer``, whose other errors it raises too.
        """
        try:
            body = uncompressed(asked.body, asked.headers.get("content-encoding", ""), self._most_bytes)
            text, binary = _split(body, asked.headers.get(HEADER_LENGTH))
            document = parsed(text)
        except Unanswerable as error:
            asked.refused = error
            raise
        request = oip.ModelInferRequest(model_name=asked.model, model_version=asked.version)
        request.id = _text(document, "id", "The request", default="")
        _add_inputs(request, document, binary)
        as_bytes = _add_outputs(request, document)
        reply = oip.ModelInferResponse.FromString(self._wire(request.SerializeToString(), call))
        return _reply(reply, as_bytes)


def _split(body: bytes, said: str | None) -> tuple[bytes, memoryview]:
    """The JSON of a body, and the tensors behind it."""
    if said is None:
        return body, memoryview(b"")
    if not (said.isascii() and said.isdigit() and len(said) < 20) or int(said) > len(body):
        raise BadInput(
            cause=f"Inference-Header-Content-Length is '{said[:40]}', and the body has {len(body)} bytes",
            mend="Say how many of its first bytes are JSON",
        )
    return body[: int(said)], memoryview(body)[int(said) :]


def _add_inputs(request: oip.ModelInferRequest, document: dict[str, Any], binary: memoryview) -> None:
    at = 0
    for number, one in enumerate(_objects(document, "inputs", "The request")):
        where = f"Input {number + 1}"
        name, datatype = _text(one, "name", where), _text(one, "datatype", where)
        shape = _shape(one, name)
        size = _value(_parameters(one, name), "binary_data_size", int, name)
        if size is None:
            raw = encode(from_json(name, datatype, shape, one.get("data")))[1]
        elif "data" in one:
            raise BadInput(cause=f"'{name[:100]}' has data beside binary data", mend="Send its values once")
        elif not 0 <= size <= len(binary) - at:
            raise BadInput(
                cause=f"'{name[:100]}' takes {size} bytes of binary data, and {len(binary) - at} are left for it",
                mend="Append every tensor's bytes in the order of the inputs, and say in the header "
                "Inference-Header-Content-Length where they begin",
            )
        else:
            raw, at = bytes(binary[at : at + size]), at + size
        request.inputs.add(name=name, datatype=datatype, shape=shape)
        request.raw_input_contents.append(raw)
    if at < len(binary):
        raise BadInput(
            cause=f"{len(binary) - at} bytes of binary data belong to no input",
            mend="Give binary_data_size in the parameters of each input that is sent so",
        )


def _add_outputs(request: oip.ModelInferRequest, document: dict[str, Any]) -> Callable[[str], bool]:
    """Ask for the outputs; returns which of them are to be sent as bytes."""
    all_binary = _value(_parameters(document, "The request"), "binary_data_output", bool, "The request") or False
    binary: dict[str, bool] = {}
    for number, one in enumerate(_objects(document, "outputs", "The request")):
        name = _text(one, "name", f"Output {number + 1}")
        said = _value(_parameters(one, name), "binary_data", bool, name)
        binary[name] = all_binary if said is None else said
        request.outputs.add(name=name)
    return lambda name: binary.get(name, all_binary)


def _reply(reply: oip.ModelInferResponse, as_bytes: Callable[[str], bool]) -> Reply:
    outputs, blocks = [], []
    for tensor, raw in zip(reply.outputs, reply.raw_output_contents, strict=True):
        told: dict[str, Any] = {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
        if as_bytes(tensor.name):
            told["parameters"] = {"binary_data_size": len(raw)}
            blocks.append(raw)
        else:
            told["data"] = to_json(tensor.name, tensor.datatype, decode([tensor], [raw])[tensor.name]) if raw else []
        outputs.append(told)
    document: dict[str, Any] = {"model_name": reply.model_name, "model_version": reply.model_version}
    document["outputs"] = outputs
    if reply.id:
        document["id"] = reply.id
    if reply.parameters:
        # Where the model did not answer for itself, and why.
        document["parameters"] = {name: _parameter(one) for name, one in reply.parameters.items()}
    if not blocks:
        return of_json(document)
    text = written(document)
    headers = {"content-type": "application/octet-stream", HEADER_LENGTH: str(len(text))}
    return Reply(body=b"".join((text, *blocks)), headers=headers)


def _parameter(one: oip.InferParameter) -> Any:
    kind = one.WhichOneof("parameter_choice")
    return None if kind is None else getattr(one, kind)


def _objects(document: dict[str, Any], field: str, where: str) -> list[dict[str, Any]]:
    found = _value(document, field, list, where) or []
    if not all(isinstance(one, dict) for one in found):
        raise BadInput(cause=f"{where} has {field} that are no objects", mend='Send [{"name": ...}, ...]')
    return found


def _parameters(document: dict[str, Any], where: str) -> dict[str, Any]:
    return _value(document, "parameters", dict, where) or {}


def _text(document: dict[str, Any], field: str, where: str, default: str | None = None) -> str:
    found = _value(document, field, str, where)
    found = default if found is None else found
    if found is None:
        raise BadInput(cause=f"{where} has no {field}", mend="Send it as text")
    try:
        found.encode()
    except UnicodeEncodeError:
        raise BadInput(cause=f"{where}: {field} holds half of a character", mend="Send text as UTF-8") from None
    return found


def _value(document: dict[str, Any], field: str, kind: type[_Kind], where: str) -> _Kind | None:
    found = document.get(field)
    if found is None:
        return None
    # A truth value is a number to Python, and none to JSON.
    if type(found) is not kind:
        raise BadInput(cause=f"'{where[:100]}': {field} is of the wrong type", mend=f"Send it as {_CALLED[kind]}")
    return found


_CALLED: dict[type, str] = {
    int: "a whole number", bool: "true or false", str: "text", list: "a list", dict: "an object",
}  # fmt: skip


def _shape(one: dict[str, Any], name: str) -> list[int]:
    shape = _value(one, "shape", list, name)
    if shape is None or len(shape) > _MOST_AXES or any(type(n) is not int or not 1 <= n < 1 << 63 for n in shape):
        raise BadInput(
            cause=f"'{name[:100]}' has no shape of lengths",
            mend=f"Send a list of at most {_MOST_AXES} whole numbers, each at least 1",
        )
    return shape
