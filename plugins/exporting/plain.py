"""Values as text formats have them: strict JSON, and names made of safe signs."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any

from ...core.documents import normalise

__all__ = ["json_cell", "safe_names", "strict_json", "without_nan"]


def without_nan(value: Any) -> Any:
    """Return plain data as strict JSON can hold it: what is no finite number becomes None.

    Examples
    --------
    >>> without_nan({"x": float("nan"), "y": [1.5, float("inf")]})
    {'x': None, 'y': [1.5, None]}
    """
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    return [without_nan(item) for item in value] if isinstance(value, list | tuple) else value


def strict_json(value: Any, **settings: Any) -> str:
    """Return a document, or a part of one, as JSON that every reader takes.

    Examples
    --------
    >>> strict_json({"x": float("nan")})
    '{"x": null}'
    """
    return json.dumps(
        without_nan(normalise(value)), allow_nan=False, ensure_ascii=False, **settings
    )


def json_cell(value: Any) -> Any:
    """Return a value of mixed kinds as a text cell: text as it is, None as None, else JSON.

    Examples
    --------
    >>> json_cell("a"), json_cell({"b": [1]}), json_cell(None)
    ('a', '{"b": [1]}', None)
    """
    return value if value is None or isinstance(value, str) else strict_json(value)


def safe_names(
    names: Iterable[str], *, allowed: str = r"[^A-Za-z0-9_]+", taken: Iterable[str] = ()
) -> dict[str, str]:
    """Return a name made of safe signs for each name, no two of them alike.

    Parameters
    ----------
    names
        The names.
    allowed
        A pattern of what is replaced, by ``_``.
    taken
        Names that are in use already.

    Examples
    --------
    >>> safe_names(["det:x/1", "det x 1", "9"])
    {'det:x/1': 'det_x_1', 'det x 1': 'det_x_1_2', '9': '_9'}
    """
    used = set(taken)
    found: dict[str, str] = {}
    for name in names:
        plain = re.sub(allowed, "_", name.replace("µ", "u")) or "_"
        if plain[0].isdigit():
            plain = f"_{plain}"
        free, number = plain, 1
        while free in used:
            number += 1
            free = f"{plain}_{number}"
        used.add(free)
        found[name] = free
    return found
