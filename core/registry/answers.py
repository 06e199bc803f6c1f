"""Whether what a probe answered can be used: the records are dataclasses, and take anything."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from .records import Acquisition, RunsFound

__all__ = ["check_found"]

_DEEPEST = 20
_PLAIN = (str, int, float, bool, type(None))


def check_found(found: object) -> RunsFound | None:
    """Return what a probe answered, lists made tuples.

    Raises
    ------
    TypeError, ValueError
        If it is no answer; the text says what is wrong with it.

    Examples
    --------
    >>> check_found(RunsFound(notes=["no clock"])).notes
    ('no clock',)
    >>> check_found(RunsFound(kwargs=None))
    Traceback (most recent call last):
    ...
    TypeError: kwargs must be a tuple, not None
    """
    if found is None:
        return None
    if not isinstance(found, RunsFound):
        raise TypeError(f"it gave {type(found).__name__} instead of RunsFound or None")
    kwargs = _row("kwargs", found.kwargs)
    if not kwargs:
        raise ValueError("kwargs is empty: a probe that finds no run returns None")
    for each in kwargs:
        if type(each) is not dict or not all(isinstance(key, str) for key in each):
            raise TypeError(f"kwargs must hold dicts with names as keys, not {_short(each)}")
        _check_plain("kwargs", each)
    _check_type("detail", found.detail, str)
    _check_type("separate", found.separate, bool)
    notes, acquisitions = _row("notes", found.notes), _row("acquisitions", found.acquisitions)
    for note in notes:
        _check_type("notes must hold text: one of them", note, str)
    for acquisition in acquisitions:
        _check_acquisition(acquisition)
    if acquisitions and len(acquisitions) != len(kwargs):
        raise ValueError(f"there are {len(acquisitions)} acquisitions for {len(kwargs)} kwargs")
    return replace(found, kwargs=kwargs, notes=notes, acquisitions=acquisitions)


def _check_acquisition(acquisition: object) -> None:
    if not isinstance(acquisition, Acquisition):
        raise TypeError(f"acquisitions must hold Acquisition records, not {_short(acquisition)}")
    kinds: dict[str, tuple[type, ...]] = {
        "uid": (str,),
        "scan_id": (int,),
        "start": (int, float),
        "stop": (int, float),
        "events": (int,),
    }
    for field in fields(acquisition):
        value = getattr(acquisition, field.name)
        if value is None:
            continue
        _check_type(f"{field.name} of an acquisition", value, *kinds[field.name])
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{field.name} of an acquisition is {value}: leave it out")
    if acquisition.events is not None and acquisition.events < 0:
        raise ValueError(f"events of an acquisition is {acquisition.events}")


def _row(field: str, value: object) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{field} must be a tuple, not {_short(value)}")
    return tuple(value)


def _check_type(field: str, value: object, *kinds: type) -> None:
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise TypeError(f"{field} must be {kinds[-1].__name__}, not {_short(value)}")


def _check_plain(field: str, value: Any, depth: int = 0) -> None:
    """Recipes keep it, and workers send it: it is to be the same afterwards."""
    if depth > _DEEPEST:
        raise ValueError(f"{field} is nested too deeply")
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check_type(f"{field}: a key", key, str)
            _check_plain(field, item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_plain(field, item, depth + 1)
    elif type(value) not in _PLAIN:
        raise TypeError(f"{field} must be plain data, not {_short(value)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
