"""A matplotlib figure becomes a PNG, Korean names included."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Korean names draw where one of these is installed; without any, matplotlib's own font shows boxes.
_KOREAN_FONTS = ("NanumGothic", "Noto Sans CJK KR", "Malgun Gothic", "AppleGothic")
_DOTS_PER_INCH = 110


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
    with mpl.rc_context({"font.sans-serif": fonts}), warnings.catch_warnings():
        # A name without its font is boxes in a picture, not news for the terminal.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(path, format="png", dpi=_DOTS_PER_INCH)
