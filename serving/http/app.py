"""One HTTP call from its head to its reply: the body is read within bounds, the answer computed in the lanes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any, cast

import grpc

from features.errors import Overloaded
from serving import intake
from serving.call import Priority, priority
from serving.door import Metadata
from serving.http.context import Context
from serving.http.documents import too_large
from serving.http.reply import Reply, Unanswerable, refused
from serving.http.routes import Route, Routes, find
from serving.lanes import Lanes
from serving.rpc import Behaviour

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Strange = Callable[[Behaviour, Metadata], bool]

# Bodies that are under way lie in memory, as those that wait in the lanes do.
_MOST_READING_BYTES = 256 << 20
# A reply goes out in pieces, so that a caller who takes none is told from one who takes them slowly.
_PIECE_BYTES = 256 << 10


class _Gone(Exception):
    """The caller hung up."""


class App:
    """An ASGI application; all but the answers themselves runs on the thread of its event loop.

    Args:
        routes: what answers.
        strange: tells whether a call is refused whatever it says.
        lanes: where answers are computed.
        most_bytes: that a body may have.
    """

    def __init__(self, routes: Routes, strange: Strange, lanes: Lanes, most_bytes: int) -> None:
        self._routes = routes
        self._strange = strange
        self._lanes = lanes
        self._most_bytes = most_bytes
        self._reading_bytes = 0

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one call."""
        path = scope["raw_path"].decode("ascii", "replace")
        name = path
        try:
            route = find(scope["method"], path)
            name = route.full_name
            reply = await self._answer(route, scope, receive)
        except _Gone:
            return
        except Exception as error:  # the edge: nothing that is raised may reach a stranger as it is
            reply = refused(error, name)
        await _write(reply, send)

    async def _answer(self, route: Route, scope: Mapping[str, Any], receive: Receive) -> Reply:
        headers = _headers(scope["headers"])
        if "origin" in headers:
            # Any page that a browser shows could ask what its user's machine is let in for.
            raise Unanswerable(
                HTTPStatus.FORBIDDEN,
                cause="The call comes from a page in a browser",
                mend="Ask from a program; a page asks through a service of its own",
            )
        context = Context(headers, scope["client"])
        unread = self._strange(self._routes.behaviour(route), context.invocation_metadata())
        body = b"" if unread else await self._body(headers, receive)
        # Whom the door will not let in overtakes nobody.
        first = Priority.BATCH if unread else priority(headers.get(intake.PRIORITY))
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()

        def answer() -> None:
            reply = self._reply(route, headers, body, context)
            # A loop that was closed meanwhile has nobody left to tell.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, future, reply)

        def run(refusal: Overloaded | None) -> None:
            intake.answer(answer, (), refusal)

        gone = asyncio.ensure_future(receive())
        gone.add_done_callback(lambda _: setattr(context, "gone", True))
        try:
            self._lanes.submit(run, first, len(body))
            return await future
        finally:
            gone.cancel()

    def _reply(self, route: Route, headers: Mapping[str, str], body: bytes, context: Context) -> Reply:
        try:
            # It has all that the guard and the door look at.
            reply = self._routes.answer(route, headers, body, cast(grpc.ServicerContext, context))
        except Exception as error:  # the edge, as above
            reply = refused(error, route.full_name)
        return replace(reply, headers={**reply.headers, **context.told})

    async def _body(self, headers: Mapping[str, str], receive: Receive) -> bytes:
        """The whole body.

        Raises:
            Unanswerable: it is larger than it may be.
            Overloaded: too much is being read already.
            _Gone: the caller hung up in the middle.
        """
        said = headers.get("content-length", "")
        if said.isdigit() and int(said) > self._most_bytes:
            raise too_large(self._most_bytes)
        body = bytearray()
        try:
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Gone
                piece = message["body"]
                self._reading_bytes += len(piece)
                body += piece
                more = message["more_body"]
                if len(body) > self._most_bytes:
                    raise too_large(self._most_bytes)
                if self._reading_bytes > _MOST_READING_BYTES:
                    raise Overloaded(
                        cause="More comes in here than there is room for",
                        mend="Ask again later, or ask another replica",
                    )
        finally:
            self._reading_bytes -= len(body)
        return bytes(body)


def _headers(given: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name; of those that decide who asks and what is asked, a second one is refused.

    Raises:
        Unanswerable: a header is there twice.
    """
    found: dict[str, str] = {}
    for raw, value in given:
        name = raw.decode("latin-1")
        if name in found and (name == "authorization" or name.startswith(("haechi-", "inference-", "content-"))):
            raise Unanswerable(
                HTTPStatus.BAD_REQUEST, cause=f"The header {name} is there twice", mend="Send every header once"
            )
        found.setdefault(name, value.decode("latin-1"))
    return found


def _settle(future: "asyncio.Future[Reply]", reply: Reply) -> None:
    if not future.done():
        future.set_result(reply)


async def _write(reply: Reply, send: Send) -> None:
    headers = {**reply.headers, "content-length": str(len(reply.body))}
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": pairs})
    for at in range(0, max(len(reply.body), 1), _PIECE_BYTES):
        end = at + _PIECE_BYTES
        more = end < len(reply.body)
        await send({"type": "http.response.body", "body": reply.body[at:end], "more_body": more})
