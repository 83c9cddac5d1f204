"""What keeps a camera's pictures from coming: each fault with its cause and its mend, and how it is told by words."""

import re
from enum import Enum

LARGEST_PX = 4096
"""Of a picture, on either side; no road camera sends more, and every decoder's memory is bounded by it."""


class Fault(Enum):
    """Why there are no pictures: cause and mend."""

    MISSING = ("there is no such file or folder", "Check the path")
    EMPTY = ("the file is empty", "Copy or export it again")
    NOT_ALLOWED = ("the file may not be read", "Check its permissions")
    NOT_A_FILE = ("it is neither a file nor a folder", "Name a film, a folder of pictures, or a URL")
    NO_PICTURES = ("the folder holds no pictures", "Put .jpg, .png, .bmp or .webp files into it")
    NO_INDEX = ("it is no film, or was cut off before its index was written", "Copy or export it again")
    NOT_VIDEO = ("what came is no video that can be decoded", "Check with a player what is there, and that it is whole")
    TOO_LARGE = (f"its pictures are larger than {LARGEST_PX}x{LARGEST_PX}", "Choose a smaller stream of the camera")
    REFUSED = ("the connection was refused", "Check host and port, and that the camera is on")
    NO_ANSWER = ("nothing answered in time", "Check the address, the network and any firewall between")
    UNKNOWN_HOST = ("its host's name is not known", "Check the host's name, and the name service")
    UNREACHABLE = ("its host cannot be reached", "Check the network between")
    PASSWORD = (
        "it asks for a login, or refuses the one it was given",
        "Name user and password_env in a camera file, and set that variable to the password",
    )
    NOT_FOUND = ("the server knows no such stream", "Check the address behind the host's name")
    TLS = ("no encrypted connection came about", "Check its certificate, and whether it speaks TLS at that port")
    FORBIDDEN = (
        "it points to what no camera needs, such as a local file",
        "Check who made it; only rtsp, rtsps, http and https are followed",
    )
    NO_ADDRESS = ("the page that is to tell its address told none", "Check address_from and address_path")
    ENDED = ("the feed ended", "Check the camera, and whether others take its only connection")
    SILENT = (
        "no picture came any more",
        "Check the camera and the network; if it sends keyframes more rarely, raise silence_s",
    )
    DIED = ("its decoder died", "Send the maintainers what the camera sent, if it happens again")

    @property
    def cause(self) -> str:
        """What is wrong; follows the camera's name and a colon."""
        return str(self.value[0])

    @property
    def mend(self) -> str:
        """What to do about it."""
        return str(self.value[1])


class Unreadable(Exception):
    """There will be no pictures, and why; never leaves the decoder's process."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.name)
        self.fault = fault


# FFmpeg's own words, in the order in which they are believed: the cause before what follows from it.
_TELLING = (
    (Fault.FORBIDDEN, ("not on whitelist", "not in allowed_", "blocked extension")),
    (Fault.PASSWORD, ("401 unauthorized", "403 forbidden", "authorization failed")),
    (Fault.NOT_FOUND, ("404 not found", "454 session", "400 bad request", "410 gone")),
    (Fault.REFUSED, ("connection refused",)),
    (Fault.UNKNOWN_HOST, ("failed to resolve", "name or service not known")),
    (Fault.UNREACHABLE, ("no route to host", "network is unreachable")),
    (Fault.NO_ANSWER, ("timed out", "immediate exit requested", "timeout")),
    (Fault.TLS, ("tls", "ssl")),
    (Fault.NO_INDEX, ("moov atom not found",)),
)


def fault_of(words: str) -> Fault:
    """What FFmpeg's words tell; the words hold addresses with their passwords, so only this leaves.

    >>> fault_of("method DESCRIBE failed: 401 (Unauthorized)").cause
    'it asks for a login, or refuses the one it was given'
    """
    # "401 Unauthorized" of a web server is "401 (Unauthorized)" of a camera.
    low = re.sub(r"[()]", "", words.lower())
    return next((fault for fault, telling in _TELLING if any(one in low for one in telling)), Fault.NOT_VIDEO)
