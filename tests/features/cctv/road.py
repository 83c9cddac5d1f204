"""A road by day, its sensor's noise, and what stands on it or drives over it."""

import numpy as np

WIDTH_PX, HEIGHT_PX = 176, 144
SIZE = (WIDTH_PX, HEIGHT_PX)


class Road:
    """Pictures of a road with verges and a stripe; each picture has noise of its own.

    Args:
        seed: of the noise and of what the verges look like.
        noise: standard deviation, grey levels.
    """

    def __init__(self, seed: int = 1, noise: float = 2.0) -> None:
        self._chance, self._noise = np.random.default_rng(seed), noise
        still = np.full((HEIGHT_PX, WIDTH_PX, 3), 110.0)
        for side in (slice(0, 40), slice(136, WIDTH_PX)):
            blocks = self._chance.uniform(40, 200, (HEIGHT_PX // 8, 8, 3))
            still[:, side] = np.kron(blocks, np.ones((8, 8, 1)))[:, : still[:, side].shape[1]]
        still[:, 86:90] = 220
        self.still = still

    def picture(self, *boxes: tuple[int, int, int, int], light: float = 1.0, noise: float | None = None):
        """With a bright, framed block in each box (left, top, right, bottom)."""
        found = self.still.copy()
        for left, top, right, bottom in boxes:
            found[max(top, 0) : max(bottom, 0), left:right] = (40, 40, 200)
            found[max(top + 2, 0) : max(bottom - 2, 0), left + 2 : right - 2] = (60, 60, 240)
        sd = self._noise if noise is None else noise
        found = found * light + self._chance.normal(0, sd, found.shape)
        return found.clip(0, 255).astype(np.uint8)


def driving(time_s: float, speed_px_s: float = 30.0, left: int = 96) -> tuple[int, int, int, int]:
    """Where somebody is who comes in at the top at 0 s."""
    top = round(speed_px_s * time_s) - 20
    return left, top, left + 24, top + 20
