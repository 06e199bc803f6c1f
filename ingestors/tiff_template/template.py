"""Templates of file names, ``{sample}_T{temperature:f}C_{index:d}.tif``, and what they read."""

from __future__ import annotations

import glob
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ...core.documents import safe_key
from ...core.errors import SettingsError

__all__ = ["Template", "parse_template"]

_SPEC = re.compile(r"(0?)(\d{0,3})(?:\.\d+)?([sdfp]?)")
_FORMS = {"s": r"[^/]+", "d": r"[-+]?\d+", "f": r"[-+]?\d+(?:\.\d+)?", "p": r"[-+]?\d+(?:p\d+)?"}
_REMEDY = 'Write one such as "{sample}_T{temperature:f}C_{index:d}.tif".'
_LONGEST = 1000


@dataclass(frozen=True)
class Template:
    """A template, ready to read names.

    Examples
    --------
    >>> template = parse_template("{sample}_T{temperature:f}C_{index:d}.tif")
    >>> template.read("/data/Cu_foil_T20.5C_003.tif")
    {'sample': 'Cu_foil', 'temperature': 20.5, 'index': 3}
    >>> template.read("/data/notes.tif") is None
    True
    """

    text: str
    kinds: Mapping[str, str]
    """Of each field, in order: ``s`` text, ``d`` whole numbers, ``f`` numbers, ``p`` numbers with
    ``p`` for the decimal point."""
    glob: str
    """A glob that all names match which the template may explain."""
    parts: int
    """How many parts of a path it explains: names of folders, and that of the file."""
    _greedy: re.Pattern[str]
    _lazy: re.Pattern[str]

    def read(self, path: str) -> dict[str, Any] | None:
        """Return the fields that a path holds by name; None where the template does not fit it.

        Where text could end at several places, it ends as late as it can.
        """
        found = self._greedy.fullmatch(self._tail(path))
        if found is None:
            return None
        return {name: self._value(name, text) for name, text in found.groupdict().items()}

    def is_ambiguous(self, path: str) -> bool:
        """Tell whether the fields of a path could be other ones, too.

        Examples
        --------
        >>> parse_template("{sample}_{place}.tif").is_ambiguous("a_b_c.tif")
        True
        """
        tail = self._tail(path)
        one, other = self._greedy.fullmatch(tail), self._lazy.fullmatch(tail)
        return one is not None and other is not None and one.groupdict() != other.groupdict()

    def title(self, values: Mapping[str, Any]) -> str:
        """Return the template with the text fields filled in, which numbers differ under.

        Examples
        --------
        >>> parse_template("{sample}_{index:d}.tif").title({"sample": "Cu", "index": 3})
        'Cu_{index}.tif'
        """
        words: list[str] = []
        for literal, name, _, _ in string.Formatter().parse(self.text.rpartition("/")[2]):
            words.append(literal)
            if name is not None:
                key = safe_key(name) if name else ""
                is_text = self.kinds.get(key) == "s"
                words.append(str(values[key]) if is_text else f"{{{key}}}")
        return "".join(words)

    def _tail(self, path: str) -> str:
        return "/".join(path.split("/")[-self.parts :])

    def _value(self, name: str, text: str) -> Any:
        kind = self.kinds[name]
        if kind == "d":
            return int(text)
        return text if kind == "s" else float(text.replace("p", "."))


@lru_cache(maxsize=32)
def parse_template(text: str) -> Template:
    """Read a template.

    ``{name}`` stands for text without ``/``, ``{name:d}`` for a whole number, ``{name:f}`` for a
    number, ``{name:p}`` for one such as ``71p676``; a width, as in ``{name:03d}``, is the least
    number of digits. ``{}`` and ``{:d}`` stand for what does not matter; ``{{`` for ``{``.
    A field that comes twice has to be the same at both places. ``/`` parts names of folders.

    Raises
    ------
    SettingsError
        If it is no template.

    Examples
    --------
    >>> parse_template("{energy:p}keV_{:d}.tif").read("71p676keV_001956.tif")
    {'energy': 71.676}
    >>> parse_template("{a}{b}.tif")
    Traceback (most recent call last):
    ...
    penstock.core.errors.SettingsError: {a}{b}.tif: nothing stands between two fields of text...
    """
    if not isinstance(text, str) or not text or len(text) > _LONGEST:
        raise SettingsError(f"the template is {text!r}"[:200], remedy=_REMEDY)
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError as error:
        raise SettingsError(f"is no template: {error}", where=text, remedy=_REMEDY) from None
    kinds: dict[str, str] = {}
    greedy: list[str] = []
    lazy: list[str] = []
    globbed: list[str] = []
    before = ""
    for literal, name, spec, conversion in pieces:
        greedy.append(re.escape(literal))
        lazy.append(re.escape(literal))
        globbed.append(glob.escape(literal))
        if name is None:
            continue
        kind, pattern = _field(text, name, spec or "", conversion)
        if kind == "s" and before == "s" and not literal:
            raise SettingsError(
                "nothing stands between two fields of text", where=text, remedy=_REMEDY
            )
        before = kind
        _add_field(safe_key(name) if name else "", kind, pattern, kinds, greedy, lazy)
        globbed.append("*")
    if not kinds:
        raise SettingsError("the template has no named field", where=text, remedy=_REMEDY)
    return Template(
        text,
        kinds,
        "".join(globbed),
        text.count("/") + 1,
        re.compile("".join(greedy)),
        re.compile("".join(lazy)),
    )


def _field(text: str, name: str, spec: str, conversion: str | None) -> tuple[str, str]:
    """Return the kind of a field, and the pattern of what stands for it."""
    found = _SPEC.fullmatch(spec)
    if found is None or conversion or (name and not re.fullmatch(r"[^\W\d]\w*", name)):
        raise SettingsError(
            f"{{{name}{f':{spec}' if spec else ''}}} is no field that can be read",
            where=text,
            remedy="Fields are {name}, {name:d}, {name:f} or {name:p}, with a width at most.",
        )
    kind = found[3] or "s"
    pattern = _FORMS[kind]
    if kind == "d" and found[2]:
        pattern = rf"[-+]?\d{{{int(found[2])},}}"
    return kind, pattern


def _add_field(
    key: str, kind: str, pattern: str, kinds: dict[str, str], greedy: list[str], lazy: list[str]
) -> None:
    reluctant = f"{pattern}?" if kind == "s" else pattern
    if not key:
        greedy.append(f"(?:{pattern})")
        lazy.append(f"(?:{reluctant})")
    elif key in kinds:
        greedy.append(f"(?P={key})")
        lazy.append(f"(?P={key})")
    else:
        kinds[key] = kind
        greedy.append(f"(?P<{key}>{pattern})")
        lazy.append(f"(?P<{key}>{reluctant})")
