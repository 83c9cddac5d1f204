"""Which call of the protocol stands behind which path of ``/v2``, and how its message is written as JSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote

import grpc

from features.errors import BadInput
from serving.http.documents import parsed
from serving.http.infer import Asked, Infer
from serving.http.reply import Aborted, Reply, Unanswerable, of_json
from serving.inference import SERVICE
from serving.proto import open_inference_grpc_pb2 as oip
from serving.rpc import Behaviour, Method, Wrap, full_name

_PATHS: dict[tuple[str, ...], tuple[str, str]] = {
    (): ("GET", "ServerMetadata"),
    ("health", "live"): ("GET", "ServerLive"),
    ("health", "ready"): ("GET", "ServerReady"),
    ("models", "*"): ("GET", "ModelMetadata"),
    ("models", "*", "ready"): ("GET", "ModelReady"),
    ("models", "*", "infer"): ("POST", "ModelInfer"),
    ("models", "*", "versions", "*"): ("GET", "ModelMetadata"),
    ("models", "*", "versions", "*", "ready"): ("GET", "ModelReady"),
    ("models", "*", "versions", "*", "infer"): ("POST", "ModelInfer"),
    ("repository", "index"): ("POST", "RepositoryIndex"),
    ("repository", "models", "*", "load"): ("POST", "RepositoryModelLoad"),
    ("repository", "models", "*", "unload"): ("POST", "RepositoryModelUnload"),
}
"""Below ``/v2``; ``*`` stands for a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What a request line asks for.

    Attributes:
        method: of the protocol.
        names: from the path: model and version, as far as it has them.
    """

    method: str
    names: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """The method as logs name it."""
        return full_name(SERVICE.methods_by_name[self.method])


def find(verb: str, path: str) -> Route:
    """The route of a request line.

    Args:
        verb: GET, POST, ...
        path: percent-encoded, without the query.

    Raises:
        Unanswerable: there is no such path, or it takes another verb.
    """
    parts = path.removesuffix("/").split("/")
    segments = tuple(parts[2:])
    fits = [
        (pattern, found)
        for pattern, found in _PATHS.items()
        if parts[:2] == ["", "v2"]
        and len(pattern) == len(segments)
        and all(want in ("*", got) for want, got in zip(pattern, segments, strict=True))
    ]
    if not fits:
        raise Unanswerable(
            HTTPStatus.NOT_FOUND,
            cause=f"There is nothing at '{path[:100]}'",
            mend="Paths begin with /v2, e.g. /v2/models/NAME/infer; the Open Inference Protocol lists them",
        )
    pattern, (wanted, method) = fits[0]
    # Whoever asks for the head of an answer is told the head.
    if verb != wanted and (verb, wanted) != ("HEAD", "GET"):
        raise Unanswerable(
            HTTPStatus.METHOD_NOT_ALLOWED,
            cause=f"'{path[:100]}' takes {wanted}, not {verb[:20]}",
            mend=f"Send {wanted}",
            headers={"allow": "GET, HEAD" if wanted == "GET" else wanted},
        )
    names = tuple(unquote(got) for want, got in zip(pattern, segments, strict=True) if want == "*")
    return Route(method=method, names=names)


class Routes:
    """Answers every route.

    Args:
        methods: of the protocol, by name, as gRPC answers them.
        wrap: stands before each.
        most_bytes: that a decompressed body may have.
    """

    def __init__(self, methods: Mapping[str, Method], wrap: Wrap, most_bytes: int) -> None:
        infer = Method(answer=Infer(methods["ModelInfer"].answer, most_bytes).answer, scope="infer", raw=True)
        self._answers: dict[str, Behaviour] = {
            name: wrap(SERVICE.methods_by_name[name], infer if name == "ModelInfer" else method)
            for name, method in methods.items()
            if name in {method for _, method in _PATHS.values()}
        }

    def behaviour(self, route: Route) -> Behaviour:
        """What answers a route, the guard before it.

        Raises:
            Unanswerable: nobody may ask such a thing of this server.
        """
        found = self._answers.get(route.method)
        if found is None:
            raise Unanswerable(
                HTTPStatus.NOT_IMPLEMENTED,
                cause="The models of this server are fixed",
                mend="Start it with `haechi serve`",
            )
        return found

    def answer(self, route: Route, headers: Mapping[str, str], body: bytes, context: grpc.ServicerContext) -> Reply:
        """The reply to one call.

        Raises:
            Aborted: the guard refused it.
            Unanswerable: nobody may ask such a thing of this server.
            BadInput: the body is not what it should be.
        """
        behaviour = self.behaviour(route)
        if route.method == "ModelInfer":
            model, version = (*route.names, "")[:2]
            asked = Asked(model=model, version=version, headers=headers, body=body)
            try:
                return cast(Reply, behaviour(asked, context))
            except Aborted as aborted:
                raise asked.refused or aborted from None
        ask, tell = _MESSAGES[route.method]
        message = SERVICE.methods_by_name[route.method].output_type
        answered = behaviour(ask(route.names, body).SerializeToString(), context)
        return tell(getattr(oip, message.name).FromString(answered))


def _ask_model(kind: Callable[..., Any]) -> Callable[[tuple[str, ...], bytes], Any]:
    return lambda names, _: kind(name=names[0], version=names[1] if len(names) > 1 else "")


def _ask_index(names: tuple[str, ...], body: bytes) -> oip.RepositoryIndexRequest:
    ready = parsed(body).get("ready", False)
    if not isinstance(ready, bool):
        raise BadInput(cause="ready is of the wrong type", mend="Send it as true or false")
    return oip.RepositoryIndexRequest(ready=ready)


def _ask_change(kind: Callable[..., Any]) -> Callable[[tuple[str, ...], bytes], Any]:
    def ask(names: tuple[str, ...], body: bytes) -> Any:
        parameters = parsed(body).get("parameters") or {}
        request = kind(model_name=names[0])
        for name in parameters if isinstance(parameters, dict) else ():
            # What they say does not matter: none of them is understood but one that changes nothing.
            request.parameters[name.encode("utf-8", "replace").decode()].SetInParent()
        return request

    return ask


def _tell_ready(otherwise: HTTPStatus) -> Callable[[Any], Reply]:
    """Readiness as a status, which is all that most who ask look at."""

    def tell(reply: Any) -> Reply:
        if reply.ready:
            return of_json({"ready": True})
        return of_json({"ready": False, "error": "Not ready. POST /v2/repository/index tells what is"}, otherwise)

    return tell


def _tell_metadata(reply: oip.ModelMetadataResponse) -> Reply:
    sides = {
        side: [{"name": one.name, "datatype": one.datatype, "shape": list(one.shape)} for one in tensors]
        for side, tensors in (("inputs", reply.inputs), ("outputs", reply.outputs))
    }
    return of_json({"name": reply.name, "versions": list(reply.versions), "platform": reply.platform, **sides})


def _tell_index(reply: oip.RepositoryIndexResponse) -> Reply:
    return of_json([{"name": m.name, "version": m.version, "state": m.state, "reason": m.reason} for m in reply.models])


_MESSAGES: dict[str, tuple[Callable[[tuple[str, ...], bytes], Any], Callable[[Any], Reply]]] = {
    "ServerLive": (lambda *_: oip.ServerLiveRequest(), lambda reply: of_json({"live": reply.live})),
    "ServerReady": (lambda *_: oip.ServerReadyRequest(), _tell_ready(HTTPStatus.SERVICE_UNAVAILABLE)),
    "ServerMetadata": (
        lambda *_: oip.ServerMetadataRequest(),
        lambda reply: of_json({"name": reply.name, "version": reply.version, "extensions": ["binary_tensor_data"]}),
    ),
    "ModelReady": (_ask_model(oip.ModelReadyRequest), _tell_ready(HTTPStatus.NOT_FOUND)),
    "ModelMetadata": (_ask_model(oip.ModelMetadataRequest), _tell_metadata),
    "RepositoryIndex": (_ask_index, _tell_index),
    "RepositoryModelLoad": (_ask_change(oip.RepositoryModelLoadRequest), lambda _: of_json({})),
    "RepositoryModelUnload": (_ask_change(oip.RepositoryModelUnloadRequest), lambda _: of_json({})),
}
"""How each message is made of a path's names and a body, and its reply written."""
