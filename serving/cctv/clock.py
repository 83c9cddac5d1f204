"""When a picture was taken, on its camera's clock, and which of a stream's pictures are wanted."""

from math import isfinite, nan

# Timestamps are rounded (RTP counts 1/90,000 s, films often milliseconds): so early is still on time.
_ROUNDING_S = 0.002
# Two equal times in a row happen in sound streams (a decoder that repeats itself); more do not.
_MOST_EQUAL = 3
# A network that stalls lets a feed lag; nothing lets it come from the future, but for what was read all at once when it
# was looked into. Beyond, its clock jumped.
_MOST_LAG_S, _MOST_LEAD_S = 30.0, 3.0
_MOST_JUMPS = 3
# Of a film: what a camera that records only what moves may leave out.
_LONGEST_STEP_S = 3600.0
# Nobody waits through what a film leaves out.
_LONGEST_WAIT_S = 10.0


class Ticker:
    """Which pictures are wanted at the chosen rate: the first at or after each tick.

    >>> ticker = Ticker(5)
    >>> [number for number in range(12) if ticker.is_due(number / 25)]
    [0, 5, 10]
    """

    def __init__(self, rate_fps: float) -> None:
        self._step_s = 1 / rate_fps
        self._next_s = -float("inf")

    def is_due(self, time_s: float) -> bool:
        """Whether the picture of that time is wanted; ask once for each, in the order of their times."""
        if time_s < self._next_s - _ROUNDING_S:
            return False
        late_s = time_s - self._next_s
        # After a gap the ticks start anew; what was missed is not made up for.
        self._next_s = self._next_s + self._step_s if late_s < self._step_s - _ROUNDING_S else time_s + self._step_s
        return True


class FilmClock:
    """Seconds since a film's beginning: its own timestamps; where they stand still, counted by its frame rate.

    Args:
        fps: of the film, as it says itself.
    """

    def __init__(self, fps: float) -> None:
        self._frame_s = 1 / fps if isfinite(fps) and 0.1 <= fps <= 1000 else 1 / 25
        self._time_s, self._stream_s, self._equal = -self._frame_s, nan, 0
        self.is_makeshift = False

    def at(self, stream_s: float, _arrived_s: float) -> float:
        """The time of the next frame; it never goes back.

        Args:
            stream_s: its own timestamp, or NaN.
        """
        step_s = stream_s - self._stream_s
        self._equal = self._equal + 1 if step_s == 0 else 0
        if self._equal >= _MOST_EQUAL:
            self.is_makeshift = True
        if self._time_s < 0:
            self._time_s = max(0.0, stream_s) if isfinite(stream_s) else 0.0
        elif self.is_makeshift or not 0 <= step_s <= _LONGEST_STEP_S:
            # NaN, or back in time where films were joined, or damaged.
            self._time_s += self._frame_s
        else:
            self._time_s += step_s
        self._stream_s = stream_s
        return self._time_s


class LiveClock:
    """Seconds since a camera was switched on here: the feed's timestamps, laid where its first picture arrived.

    The distance between two pictures is the feed's, not the network's. Where its timestamps stand still or keep
    jumping, the times of arrival are all there is.

    Args:
        after_s: the time of the last picture before this connection; all are later.
    """

    def __init__(self, after_s: float) -> None:
        self._time_s, self._stream_s, self._offset_s = after_s, nan, nan
        self._equal = self._jumps = 0
        self.is_makeshift = False

    def at(self, stream_s: float, arrived_s: float) -> float:
        """The time of the next picture; it never goes back.

        Args:
            stream_s: its own timestamp, or NaN.
            arrived_s: when it came, on the camera's clock.
        """
        if isfinite(stream_s) and not self.is_makeshift:
            self._judge(stream_s, arrived_s)
        use_arrival = self.is_makeshift or not isfinite(stream_s)
        self._stream_s = stream_s
        self._time_s = max(self._time_s, arrived_s if use_arrival else stream_s + self._offset_s)
        return self._time_s

    def _judge(self, stream_s: float, arrived_s: float) -> None:
        step_s = stream_s - self._stream_s
        self._equal = self._equal + 1 if step_s == 0 else 0
        lead_s = stream_s + self._offset_s - arrived_s
        if not (step_s >= 0 and -_MOST_LAG_S <= lead_s <= _MOST_LEAD_S):
            # The first picture, one after a NaN, or a clock that jumped.
            self._jumps += 1
            self._offset_s = max(arrived_s, self._time_s) - stream_s
        self.is_makeshift = self._equal >= _MOST_EQUAL or self._jumps > _MOST_JUMPS


class Playout:
    """How long to hold back a picture, so that pictures are as far apart as they were taken.

    Args:
        origin_s: of the camera's clock, on the machine's monotonic one; None: the first picture is not held back.
        rate_fps: of the pictures.
    """

    def __init__(self, origin_s: float | None, rate_fps: float) -> None:
        self._origin_s = origin_s
        self._longest_s = max(_LONGEST_WAIT_S, 2 / rate_fps) if origin_s is None else float("inf")

    def left_s(self, time_s: float, now_s: float) -> float:
        """Until the picture's turn; not above 0: now.

        Args:
            time_s: of the picture, on the camera's clock.
            now_s: on the machine's monotonic clock.
        """
        if self._origin_s is None or self._origin_s + time_s - now_s > self._longest_s:
            self._origin_s = now_s - time_s
        return self._origin_s + time_s - now_s
