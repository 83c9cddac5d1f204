"""Everything that a deployment asked to see of a server, begun and ended with it; the rest is not even imported."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from features.settings import Settings
from serving.guard import Guard
from serving.runtime import Runtime
from serving.seen import traces
from serving.seen.logs import Slow
from serving.seen.reading import Reading

if TYPE_CHECKING:
    from serving.seen.metrics import Endpoint
    from serving.seen.request_log import RequestLog


class Watch:
    """Listens to a server's guard and runtime.

    Args:
        settings: what is asked for.
        guard: tells how calls ended.
        runtime: tells what was asked of models.
        readings: what else metrics tell.

    Raises:
        BadInput: a setting or a variable asks for what cannot be had.
    """

    def __init__(self, settings: Settings, guard: Guard, runtime: Runtime, readings: Sequence[Reading]) -> None:
        self._guard = guard
        self._runtime = runtime
        self._unhear: list[Callable[[], None]] = []
        if settings.slow_ms is not None:
            self._hear(guard.listeners, Slow(settings.slow_ms).ended)
        self._traces = self._trace()
        self._requests = self._log(settings)
        logged = [] if self._requests is None else self._requests.readings()
        self._metrics = self._expose(settings, [*readings, *logged])

    @property
    def metrics_url(self) -> str | None:
        """Where metrics are had; None: nowhere."""
        return None if self._metrics is None else self._metrics.url

    def start(self) -> None:
        """Begin."""
        if self._requests is not None:
            self._requests.start()
        if self._metrics is not None:
            self._metrics.start()

    def stop(self) -> None:
        """End, once the last call is over."""
        while self._unhear:
            self._unhear.pop()()
        if self._traces is not None:
            self._traces.stop()
        if self._requests is not None:
            self._requests.stop()
        if self._metrics is not None:
            self._metrics.stop()

    def _hear(self, listeners: list[Any], listener: Callable[..., None]) -> None:
        listeners.append(listener)
        self._unhear.append(lambda: listeners.remove(listener))

    def _trace(self) -> traces.Traces | None:
        if not traces.wanted(os.environ):
            return None
        begun = traces.Traces()
        self._hear(self._guard.listeners, begun.ended)
        return begun

    def _log(self, settings: Settings) -> "RequestLog | None":
        if settings.request_log is None:
            return None
        from serving.seen.request_log import RequestLog

        made = RequestLog(settings.request_log, settings)
        self._hear(self._runtime.after_run, made.ran)
        return made

    def _expose(self, settings: Settings, readings: Sequence[Reading]) -> "Endpoint | None":
        if settings.metrics_port is None:
            return None
        from serving.seen.drift import Drift
        from serving.seen.metrics import Endpoint
        from serving.seen.tally import Tally

        tally, drift = Tally(), Drift()
        endpoint = Endpoint(settings.metrics_host, settings.metrics_port, tally, drift, self._runtime, readings)
        self._hear(self._guard.listeners, tally.ended)
        self._hear(self._runtime.after_run, tally.ran)
        self._hear(self._runtime.after_run, drift.ran)
        return endpoint
