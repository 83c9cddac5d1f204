"""What the service manager that started this process is told (sd_notify of systemd); anyone else hears nothing."""

import os
import socket
from contextlib import suppress

_VARIABLE = "NOTIFY_SOCKET"


def tell_manager(state: str) -> None:
    """Send ``state``, e.g. ``READY=1``, where a service manager listens."""
    place = os.environ.get(_VARIABLE, "")
    if not place:
        return
    # A name in Linux' abstract namespace begins with a zero, which a variable cannot hold.
    address = f"\0{place[1:]}" if place.startswith("@") else place
    # A manager that is gone is no reason to stop answering callers.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.sendto(state.encode(), address)
