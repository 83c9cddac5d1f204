"""A client of ``AlertService``, and alerts that it finds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from google.protobuf.message_factory import GetMessageClass

from serving import rpc, status
from serving.alerts.alerting import Alerting
from serving.proto import haechi_v1_pb2 as v1
from tests.serving.alerts.looks import look

SERVICE = v1.DESCRIPTOR.services_by_name["AlertService"]
NOW = datetime.now(UTC)
LASTS = {"onset": NOW, "expires": NOW + timedelta(days=1)}


class Room:
    """A client of the service."""

    def __init__(self, address: str, token: str = "") -> None:
        self.channel, self.address = grpc.insecure_channel(address), address
        self.metadata = (("authorization", f"Bearer {token}"),) if token else ()

    def call(self, method: str, /, **fields: Any) -> Any:
        described = SERVICE.methods_by_name[method]
        request = GetMessageClass(described.input_type)(**fields)
        return rpc.ask(self.channel, described)(request, timeout=20, metadata=self.metadata)

    def ask(self, method: str, /, **fields: Any) -> Any:
        try:
            return self.call(method, **fields)
        except grpc.RpcError as error:
            raise status.read(error, self.address) from None

    def watch(self, count: int, **fields: Any) -> list[v1.AlertStep]:
        """The first steps that a watch tells, which is then left."""
        watching = self.call("Watch", **fields)
        try:
            return [next(watching) for _ in range(count)]
        except grpc.RpcError as error:
            raise status.read(error, self.address) from None
        finally:
            watching.cancel()


def raised(core: Alerting, *places: str, **said: Any) -> list[str]:
    return [one.id for one in core.observe([look(0, place=place, **LASTS | said) for place in places])]
