"""Text that any console can show: old Windows code pages know neither bars nor arrows."""

from bakeoff.cut import tamed

PLAIN = {
    "━": "=", "─": "-", "–": "-", "—": "-", "→": "->", "·": "|", "×": "x", "µ": "u", "…": "...",
    "≥": ">=", "≤": "<=", "±": "+-", "²": "2", "’": "'", "‘": "'", "“": '"', "”": '"',
    "\u00a0": " ", "\u202f": " ",
}  # fmt: skip


def printable(text: str, encoding: str) -> str:
    """Return the text with what an encoding lacks, and what a terminal obeys, as plain signs.

    Example:
        >>> printable("1.2 µs/row → out", "ascii"), printable("1.2 µs/row → out", "cp1252")
        ('1.2 us/row -> out', '1.2 µs/row -> out')
    """
    text = tamed(text)
    try:
        text.encode(encoding)
        return text
    except (UnicodeEncodeError, LookupError):
        letters = [letter if known(letter, encoding) else PLAIN.get(letter, "?") for letter in text]
        return "".join(letters)


def known(letter: str, encoding: str) -> bool:
    """Say whether an encoding has a letter."""
    try:
        letter.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return letter.isascii()
    return True
