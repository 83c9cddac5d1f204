"""A matplotlib figure becomes a PNG, Korean names included."""

import re
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from features.console import warn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Korean names draw where one of these is installed; without any, matplotlib's own font shows boxes.
_KOREAN_FONTS = ("NanumGothic", "Noto Sans CJK KR", "Malgun Gothic", "AppleGothic")
_DOTS_PER_INCH = 110
_NO_GLYPH = "Glyph .* missing from font"


def tidy(axes: "Axes") -> None:
    """Take off what says nothing, and put the legend above, where no line can run through it."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e6eaed", lw=0.6)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.1, ncols=4)


def save_png(figure: "Figure", path: Path) -> None:
    """Write ``figure`` to ``path``, whatever the path ends in.

    Raises:
        OSError: it cannot be written.
    """
    import matplotlib as mpl
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    fonts = [*(name for name in _KOREAN_FONTS if name in installed), "DejaVu Sans"]
    with mpl.rc_context({"font.sans-serif": fonts}), warnings.catch_warnings(record=True) as said:
        warnings.filterwarnings("always", message=_NO_GLYPH)
        figure.savefig(path, format="png", dpi=_DOTS_PER_INCH)
    for one in said:
        if not re.match(_NO_GLYPH, str(one.message)):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
        else:
            _boxes()


@cache
def _boxes() -> None:
    """Said once: it is the same for every picture and letter."""
    warn("No font here has Korean letters, so pictures show boxes in their place; on Debian: apt install fonts-nanum")
