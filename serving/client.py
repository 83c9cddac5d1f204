"""Ask a server from Python: ``Client`` and ``AsyncClient`` take and return arrays, and raise what the server raised.

For example::

    with Client("127.0.0.1:8500") as client:
        for one in client.traffic_latest("traffic", entity_ids=["A-01/in"]).predictions:
            print(one.target_time, one.q10, one.q50, one.q90, one.quality)

A server that asks who calls is shown a token, over TLS::

    Client("haechi.city.example:8500", token="haechi_...", tls=Tls(ca=Path("city-ca.pem")))

``docs/client.md`` is the page of this module.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import grpc

from features.errors import BadInput, HaechiError
from features.settings import Settings
from serving import queries, rpc, status
from serving.dial import Tls, credentials, options
from serving.dial import metadata as shown
from serving.disaster.replies import Reading, Risk, Why
from serving.outside import Covariate
from serving.parking import queries as parking
from serving.parking.replies import Count, NewLot, Parking, Recommendation, Sharing
from serving.queries import ModelMetadata, Query, ServedModel, Tensor
from serving.traffic.replies import Forecast, Measurement

__all__ = [
    "AsyncClient",
    "Client",
    "Count",
    "Covariate",
    "Forecast",
    "Measurement",
    "ModelMetadata",
    "NewLot",
    "Parking",
    "Reading",
    "Recommendation",
    "Risk",
    "ServedModel",
    "Sharing",
    "Tensor",
    "Tls",
    "Why",
    "connect",
]

T = TypeVar("T")
P = ParamSpec("P")
# In place of a file of authorities.
_PUBLIC = "public"
TIMEOUT_S = 10.0
"""That one call may take, its retries included, unless the client is told otherwise."""


def _asked(make: Callable[P, Query[T]]) -> Callable[Concatenate["Client", P], T]:
    @wraps(make)
    def ask(self: "Client", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.ask(_made(make, *args, **kwargs))

    return ask


def _awaited(make: Callable[P, Query[T]]) -> Callable[Concatenate["AsyncClient", P], Coroutine[Any, Any, T]]:
    @wraps(make)
    async def ask(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.ask(_made(make, *args, **kwargs))

    return ask


def _made(make: Callable[P, Query[T]], *args: P.args, **kwargs: P.kwargs) -> Query[T]:
    """The query, or what of it no message can hold.

    Raises:
        BadInput: a number beyond its field's bits, or a time beyond the years 1 to 9999.
    """
    try:
        return make(*args, **kwargs)
    except (ValueError, OverflowError) as error:
        raise BadInput(
            cause=f"The request cannot be written: {error}",
            mend="Send whole numbers of at most 2,147,483,647, and times well within the years 1 to 9999",
        ) from error


class Client:
    """One connection to one server; a context manager, safe to use from many threads.

    Every call raises the error that the server raised, with its cause and mend (``BadInput``, ``UnknownName``, ...),
    and ``HaechiError`` where no server answers or not in time. What only asks is tried again, up to four times within
    its time, where the server is away or says when to come back; ``load`` and ``unload`` are not.

    Args:
        address: ``host:port``.
        timeout_s: that one call may take.
        token: shows the server who asks; None: nothing does, or the certificate in ``tls``.
        tls: None: unencrypted.
        retry: whether what only asks is tried again.

    Raises:
        BadInput: the token would travel unencrypted to another machine, or a file of ``tls`` cannot be read.
    """

    def __init__(
        self,
        address: str,
        *,
        timeout_s: float = TIMEOUT_S,
        token: str | None = None,
        tls: Tls | None = None,
        retry: bool = True,
    ) -> None:
        self.address = address
        self._timeout_s = timeout_s
        self._metadata = shown(token, address, tls)
        if tls is None:
            self._channel = grpc.insecure_channel(address, options=options(retry=retry))
        else:
            self._channel = grpc.secure_channel(address, credentials(tls), options=options(retry=retry))
        self._asks: dict[str, rpc.Ask] = {}

    models = _asked(queries.models)
    metadata = _asked(queries.metadata)
    infer = _asked(queries.infer)
    load = _asked(queries.load)
    unload = _asked(queries.unload)
    traffic_latest = _asked(queries.traffic_latest)
    disaster_latest = _asked(queries.disaster_latest)
    disaster_why = _asked(queries.disaster_why)
    parking_latest = _asked(parking.parking_latest)
    parking_recommend = _asked(parking.parking_recommend)
    parking_share = _asked(parking.parking_share)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        self._channel.close()

    def ready(self) -> bool:
        """Whether a server is there and has a model to answer with."""
        try:
            return self.ask(queries.ready())
        except HaechiError as error:
            return _refuse_unless_away(error)

    def ask(self, query: Query[T]) -> T:
        """Ask anything that ``serving.queries`` knows."""
        try:
            reply = self._call(query)(query.request, timeout=self._timeout_s, metadata=self._metadata)
        except grpc.RpcError as error:
            raise _told(error, self.address) from None
        return query.read(reply)

    def follow(self, query: Query[T]) -> Iterator[T]:
        """What a method whose replies stream answers, until the server ends it or the iterator is closed."""
        replies = self._call(query)(query.request, metadata=self._metadata)
        try:
            for reply in replies:
                yield query.read(reply)
        except grpc.RpcError as error:
            raise _told(error, self.address) from None
        finally:
            replies.cancel()

    def _call(self, query: Query[T]) -> rpc.Ask:
        name = query.method.full_name
        if name not in self._asks:
            self._asks[name] = rpc.ask(self._channel, query.method)
        return self._asks[name]


class AsyncClient:
    """``Client`` for asyncio: the same methods, each to be awaited; an asynchronous context manager.

    Args:
        address: as of ``Client``, and so are the others.
        timeout_s: likewise.
        token: likewise.
        tls: likewise.
        retry: likewise.

    Raises:
        BadInput: as ``Client``.
    """

    def __init__(
        self,
        address: str,
        *,
        timeout_s: float = TIMEOUT_S,
        token: str | None = None,
        tls: Tls | None = None,
        retry: bool = True,
    ) -> None:
        self.address = address
        self._timeout_s = timeout_s
        self._metadata = shown(token, address, tls)
        if tls is None:
            self._channel = grpc.aio.insecure_channel(address, options=options(retry=retry))
        else:
            self._channel = grpc.aio.secure_channel(address, credentials(tls), options=options(retry=retry))
        self._asks: dict[str, rpc.Ask] = {}

    models = _awaited(queries.models)
    metadata = _awaited(queries.metadata)
    infer = _awaited(queries.infer)
    load = _awaited(queries.load)
    unload = _awaited(queries.unload)
    traffic_latest = _awaited(queries.traffic_latest)
    disaster_latest = _awaited(queries.disaster_latest)
    disaster_why = _awaited(queries.disaster_why)
    parking_latest = _awaited(parking.parking_latest)
    parking_recommend = _awaited(parking.parking_recommend)
    parking_share = _awaited(parking.parking_share)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connection back."""
        await self._channel.close()

    async def ready(self) -> bool:
        """Whether a server is there and has a model to answer with."""
        try:
            return await self.ask(queries.ready())
        except HaechiError as error:
            return _refuse_unless_away(error)

    async def ask(self, query: Query[T]) -> T:
        """Ask anything that ``serving.queries`` knows."""
        try:
            reply = await self._call(query)(query.request, timeout=self._timeout_s, metadata=self._metadata)
        except grpc.RpcError as error:
            raise _told(error, self.address) from None
        return query.read(reply)

    async def follow(self, query: Query[T]) -> AsyncIterator[T]:
        """What a method whose replies stream answers, until the server ends it or the iterator is closed."""
        replies = self._call(query)(query.request, metadata=self._metadata)
        try:
            async for reply in replies:
                yield query.read(reply)
        except grpc.RpcError as error:
            raise _told(error, self.address) from None
        finally:
            replies.cancel()

    def _call(self, query: Query[T]) -> rpc.Ask:
        name = query.method.full_name
        if name not in self._asks:
            self._asks[name] = rpc.ask(self._channel, query.method)
        return self._asks[name]


def connect(address: str, settings: Settings) -> Client:
    """A client that shows what the settings say: token, authority, certificate.

    Raises:
        BadInput: as ``Client``.
    """
    tls = None
    if any(one is not None for one in (settings.ca, settings.client_cert, settings.client_key)):
        ca = None if settings.ca is None or str(settings.ca) == _PUBLIC else settings.ca
        tls = Tls(ca=ca, cert=settings.client_cert, key=settings.client_key)
    return Client(address, token=settings.token.get_secret_value() if settings.token else None, tls=tls)


def _told(error: grpc.RpcError, address: str) -> HaechiError:
    """The error that the server raised; one of grpc's own is raised as it is."""
    if not isinstance(error, grpc.Call | grpc.aio.AioRpcError):
        raise error
    return status.read(error, address)


def _refuse_unless_away(error: HaechiError) -> bool:
    """False where no server answers; any other error is raised again."""
    cause = error.__context__
    if isinstance(cause, grpc.Call | grpc.aio.AioRpcError) and cause.code() is grpc.StatusCode.UNAVAILABLE:
        return False
    raise error
