"""What a decoder's process says to the one that started it.

Plain bytes, since what decodes strangers' streams is not trusted: one letter, then what belongs to it. A picture
follows its ``Head`` as a message of its own.
"""

import json
import struct
from dataclasses import asdict, dataclass

from serving.cctv.faults import LARGEST_PX, Fault

BEGAN, OPENED, ALIVE, FRAME, END = b"B", b"O", b"A", b"F", b"E"
LONGEST_BYTES = 4096
"""Of any message but a picture."""

_HEAD = struct.Struct("<dIIIB")


class Garbled(Exception):
    """The decoder said what it never says: something else has taken its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is known of a picture.

    Attributes:
        time_s: on the camera's clock.
        height_px: of the picture.
        width_px: of the picture.
        dropped: pictures since the last that was sent, which nobody took in time.
        makeshift: whether the time is counted, or that of its arrival, for want of timestamps that can be trusted.
    """

    time_s: float
    height_px: int
    width_px: int
    dropped: int
    makeshift: bool

    def packed(self) -> bytes:
        """As it is sent."""
        return FRAME + _HEAD.pack(self.time_s, self.height_px, self.width_px, self.dropped, self.makeshift)

    @classmethod
    def of(cls, message: bytes) -> "Head":
        """As it was sent.

        Raises:
            Garbled: it was not.
        """
        try:
            time_s, height_px, width_px, dropped, makeshift = _HEAD.unpack(message[1:])
        except struct.error:
            raise Garbled from None
        if not (0 < height_px <= LARGEST_PX and 0 < width_px <= LARGEST_PX and 0 <= time_s < 1e12):
            raise Garbled
        return cls(time_s=time_s, height_px=height_px, width_px=width_px, dropped=dropped, makeshift=bool(makeshift))


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """There are no more pictures.

    Attributes:
        fault: why; None where a film is over.
        read: frames that were decoded.
        promised: frames that the film said it has; 0: it did not say.
        unread: pictures of a folder that could not be read.
    """

    fault: Fault | None
    read: int = 0
    promised: int = 0
    unread: int = 0

    def packed(self) -> bytes:
        """As it is sent."""
        return END + json.dumps(asdict(self) | {"fault": self.fault and self.fault.name}).encode()

    @classmethod
    def of(cls, message: bytes) -> "End":
        """As it was sent.

        Raises:
            Garbled: it was not.
        """
        try:
            said = json.loads(message[1:])
            fault = None if said["fault"] is None else Fault[said["fault"]]
            return cls(fault=fault, **{name: int(said[name]) for name in ("read", "promised", "unread")})
        except (ValueError, LookupError, TypeError, RecursionError):
            raise Garbled from None
