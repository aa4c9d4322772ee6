"""Cut: long texts as people can bear them. Whatever is shown, listed or said goes through here."""

MOST_LETTERS = 80  # of a name, a class or a cell within a sentence
CONTROLS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "?")  # not tab, line
MOST_OF_A_TEXT = 2_000  # of a whole sentence or note: some twenty lines of a terminal


def cut(text: object, most: int = MOST_LETTERS) -> str:
    """Return a text of at most some `most` letters; what is left out is told by the true length.

    Args:
        text: A name, a class, a cell: anything that has a text.
        most: Letters that are shown.

    Example:
        >>> cut("colour"), cut("abc" * 400_000, 3)
        ('colour', 'abc… (1,200,000 characters)')
    """
    whole = str(text)
    if len(whole) <= most:
        return whole
    return f"{whole[:most]}… ({len(whole):,} characters)"


def tamed(text: str) -> str:
    """Return a text without signs that a terminal obeys: a stranger may have written it.

    Example:
        >>> tamed(chr(27) + "[2J" + "done")
        '?[2Jdone'
    """
    return text.translate(CONTROLS)


def cut_middle(text: str, most: int = MOST_OF_A_TEXT) -> str:
    """Return a sentence with its beginning and its end, where the way on stands.

    Example:
        >>> cut_middle("a" * 9 + "b" * 9, 6)
        'aaa… (18 characters) …bbb'
    """
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}… ({len(text):,} characters) …{text[-half:]}"
