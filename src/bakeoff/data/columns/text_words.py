"""Text words: what counts as a word of a text, in every script."""

from __future__ import annotations

import re
import unicodedata

# Letters, digits and what is written on, above and below letters; and signs such as hearts.
# A word of more than 100 letters is several.
WORD = re.compile(
    r"[\w\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0963"
    r"\u0966-\u109f\u17b4-\u17d3]{1,100}|[\u2600-\u27bf\U0001f000-\U0001faff]"
)


def text_words(text: str | None) -> list[str]:
    """Return the words of a text in lower case; those of one letter or digit as well.

    Example:
        >>> text_words("Don't worry, it is Grade A."), text_words(None)
        (['don', 't', 'worry', 'it', 'is', 'grade', 'a'], [])
    """
    return WORD.findall(unicodedata.normalize("NFC", text.lower())) if text else []
