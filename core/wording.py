"""Words for people: what stands in the names of files must not control a terminal."""

from __future__ import annotations

__all__ = ["on_one_line"]


def on_one_line(text: object) -> str:
    r"""Return text with control characters, line breaks and lone surrogates spelled out.

    Examples
    --------
    >>> on_one_line("a\x1b[31m\n.tif")
    'a\\x1b[31m\\n.tif'
    """
    plain = str(text)
    if plain.isprintable():
        return plain
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in plain
    )
