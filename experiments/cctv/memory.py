"""What cameras cost this process and the decoders that it has started: memory, and CPU time."""

import time
from dataclasses import dataclass, field
from statistics import median

import psutil

_MIB = 2**20


def decoders() -> list[psutil.Process]:
    """The decoders' processes: what the forkserver, a child of this process, has started."""
    children = psutil.Process().children()
    return [one for child in children if "forkserver" in " ".join(child.cmdline()) for one in child.children()]


@dataclass(slots=True, kw_only=True)
class Cost:
    """Looked at once a second.

    Attributes:
        cameras: how many decoders there should be.
        warm_up_s: not counted.
        resident_mib: of this process and all decoders, whenever as many as there should be were there.
        most_decoders: at a time.
        own_mib: a decoder's unique memory; of the last that was there long enough.
        decode_ms: likewise its CPU time for a second of feed.
    """

    cameras: int
    warm_up_s: float
    resident_mib: list[float] = field(default_factory=list)
    most_decoders: int = 0
    own_mib: float = 0.0
    decode_ms: float = 0.0
    _first: dict[int, tuple[float, float]] = field(default_factory=dict)
    _began_s: float = field(default_factory=time.monotonic)

    def look(self) -> None:
        """Now."""
        found, now_s = decoders(), time.monotonic()
        self.most_decoders = max(self.most_decoders, len(found))
        try:
            resident = sum(one.memory_info().rss for one in (psutil.Process(), *found))
            for one in found:
                self._look_at(one, now_s)
        except psutil.NoSuchProcess:
            # Killed just now, as some are here.
            return
        if len(found) == self.cameras and now_s - self._began_s > self.warm_up_s:
            self.resident_mib.append(resident / _MIB)

    def _look_at(self, decoder: psutil.Process, now_s: float) -> None:
        used_s = sum(decoder.cpu_times()[:2])
        first_s, before_s = self._first.setdefault(decoder.pid, (now_s, used_s))
        if now_s - first_s > self.warm_up_s:
            self.decode_ms = 1000 * (used_s - before_s) / (now_s - first_s)
            self.own_mib = decoder.memory_full_info().uss / _MIB

    def quarters_mib(self) -> tuple[float, float]:
        """Medians of the first and the last quarter: a single value swings with what a decoder just does."""
        quarter = max(1, len(self.resident_mib) // 4)
        return median(self.resident_mib[:quarter]), median(self.resident_mib[-quarter:])
