"""Names one after the other, as people write them: a, b and c."""

from collections.abc import Sequence

from bakeoff.cut import cut


def listed(names: Sequence[str], *, most: int = 8, rest: str = "more") -> str:
    """Write names one after the other; of more than `most`, say how many more there are.

    One name more is written, too: it takes no more room than its number. Long names are cut.

    Args:
        names: What to write.
        most: How many are named.
        rest: What the others are called.

    Example:
        >>> listed(["a"]), listed(["a", "b", "c"]), listed(list("abc"), most=2)
        ('a', 'a, b and c', 'a, b and c')
        >>> listed(list("abcdef"), most=2), listed(list("abcd"), most=2, rest="others")
        ('a, b and 4 more', 'a, b and 2 others')
    """
    if len(names) > most + 1:
        return f"{', '.join(map(cut, names[:most]))} and {len(names) - most:,} {rest}"
    shown = [cut(name) for name in names]
    return " and ".join(part for part in (", ".join(shown[:-1]), *shown[-1:]) if part)
