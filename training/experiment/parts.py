"""RESULT.md has two hands: what a run found stands between two marks, and all else belongs to whoever wrote it."""

from pathlib import Path

from features.errors import BadInput

BEGIN = "<!-- haechi: what a run found; the next run replaces all from here -->"
END = "<!-- haechi: to here; what you write outside of these two lines stays -->"

_BLANK = """# {question}

{begin}
{end}

## Reading
What do the figures say about the question, and how sure is that?

## What did not work
What was tried and dropped, and on what grounds.
"""


def own_text(path: Path, question: str) -> tuple[str, str]:
    """What stands before and after the marks of a result, or of a blank one where there is none yet.

    Raises:
        BadInput: a result without the two marks, which a person wrote; it would be lost.
    """
    blank = _BLANK.format(question=question, begin=BEGIN, end=END)
    try:
        # As bytes: reading as text would change the line ends of whoever wrote it.
        text = path.read_bytes().decode() if path.exists() else blank
    except UnicodeDecodeError as error:
        raise BadInput(cause=f"{path} is not UTF-8 text: {error}", mend="Save it as UTF-8") from None
    before, begin, rest = text.partition(BEGIN)
    found, end, after = rest.partition(END)
    if not begin or not end or BEGIN in found + after or END in before + after:
        raise BadInput(
            cause=f"{path} was written by hand: it does not say where the figures of a run belong",
            mend=f"Put these two lines there, once each:\n{BEGIN}\n{END}",
        )
    return before, after


def joined(before: str, found: str, after: str) -> str:
    """A whole result."""
    return f"{before}{BEGIN}\n{found}\n{END}{after}"
