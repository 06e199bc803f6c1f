"""Records of matching as compact bytes and back: what a snapshot holds of a folder.

Driven by the fields that the records declare: a new field needs no code here, and changes the
format (`SHAPE`). Only plain data are stored: text, numbers, lists, tuples, dicts and the records
themselves. What repeats (the names of a group, evidence that an offer and its claim share) is
stored once.
"""

from __future__ import annotations

import hashlib
import types
import typing
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import msgpack

from ..errors import PenstockError
from .groups import Group
from .offers import Rejection
from .plan import Decision, Unclaimed, Verdict

__all__ = [
    "SHAPE",
    "UnstorableError",
    "pack_verdicts",
    "token_of",
    "unpack_verdicts",
]

_TUPLE, _PATHS = 1, 2
_KINDS: tuple[type, ...] = (Decision, Unclaimed)
_COMMON = (Rejection,)
"""Records of plain fields that say the same of many groups."""
_MOST_COMMON = 10_000
_SHARED_FROM = 2
"""So many items make a sequence worth sharing."""


class UnstorableError(PenstockError):
    """Something is no plain data."""


def pack_verdicts(folder: str, verdicts: Sequence[Verdict]) -> bytes:
    """Store the verdicts on the files of a folder.

    Raises
    ------
    UnstorableError
        They hold something that is no plain data.

    Examples
    --------
    >>> verdicts = [Unclaimed("/data/a.png", ("/data/a.png",), "it is PNG")]
    >>> unpack_verdicts("/data", pack_verdicts("/data", verdicts)) == verdicts
    True
    """
    writer = _Writer(folder)
    try:
        plain = [
            [_KINDS.index(type(verdict)), _codec_of(type(verdict)).write(writer, verdict)]
            for verdict in verdicts
        ]
        return bytes(msgpack.packb(plain, unicode_errors="surrogatepass"))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UnstorableError(f"no plain data: {error}", where=folder) from error


def unpack_verdicts(folder: str, stored: bytes) -> list[Verdict]:
    """Return what `pack_verdicts` stored.

    Raises
    ------
    ValueError, TypeError, LookupError
        It is not what `pack_verdicts` gives.
    """
    reader = _Reader(folder)
    try:
        plain = msgpack.unpackb(
            stored, ext_hook=reader.extension, unicode_errors="surrogatepass", strict_map_key=False
        )
    except (msgpack.UnpackException, RecursionError) as error:
        raise ValueError(f"no verdicts: {error}") from error
    if type(plain) is not list:
        raise TypeError("no verdicts")
    reads = [_codec_of(kind).read for kind in _KINDS]
    return [reads[kind](reader, content) for kind, content in plain]


def token_of(group: Group) -> bytes:
    """Return what tells a group from every other one.

    Examples
    --------
    >>> token_of(Group("/data", ("a.tif",), "a.tif")).hex()[:8] == token_of(
    ...     Group("/data", ("a.tif",), "a.tif", ("a note",))
    ... ).hex()[:8]
    False
    """
    plain = _codec_of(Group).write(_Writer(group.folder), group)
    packed = msgpack.packb(plain, unicode_errors="surrogatepass")
    return hashlib.blake2b(packed, digest_size=8).digest()


# Writing and reading -----------------------------------------------------------------------------


class _Writer:
    """What was written before, and so need not be written again."""

    def __init__(self, folder: str) -> None:
        self.prefix = folder.rstrip("/") + "/"
        self._known: dict[tuple[Any, ...], int] = {}

    def known(self, items: tuple[Any, ...]) -> int | None:
        """Return the number of a sequence that was written before; remember it else."""
        try:
            number = self._known.get(items)
        except TypeError:  # a record that holds a dict cannot be looked up
            number = None
            items = (object(),)
        if number is None:
            self._known[items] = len(self._known)
        return number

    def names_of(self, paths: Sequence[str]) -> int | None:
        """Return the number of the names that paths in this folder have, if these were written."""
        prefix = self.prefix
        if len(paths) < _SHARED_FROM or not all(
            type(path) is str and path.startswith(prefix) for path in paths
        ):
            return None
        return self._known.get(tuple([path[len(prefix) :] for path in paths]))

    def plain(self, value: Any) -> Any:
        """Return any plain data as what msgpack can write and `_Reader` tells apart."""
        if value is None or type(value) in (str, bool, int, float):
            return value
        if type(value) is list:
            number = self.names_of(value)
            if number is not None:
                return msgpack.ExtType(_PATHS, msgpack.packb(number))
            return [self.plain(item) for item in value]
        if type(value) is tuple:
            return msgpack.ExtType(
                _TUPLE, msgpack.packb(self.plain(list(value)), unicode_errors="surrogatepass")
            )
        if isinstance(value, Mapping):
            return {_key(key): self.plain(item) for key, item in value.items()}
        raise TypeError(f"{type(value).__name__} cannot be stored")


def _key(key: Any) -> Any:
    if type(key) not in (str, int, bool, float):
        raise TypeError(f"a key that is {type(key).__name__} cannot be stored")
    return key


class _Reader:
    """What was read before, by the numbers that `_Writer` gave it."""

    def __init__(self, folder: str) -> None:
        self.prefix = folder.rstrip("/") + "/"
        self.known: list[tuple[Any, ...]] = []
        self._paths: dict[int, tuple[str, ...]] = {}

    def paths(self, number: int) -> tuple[str, ...]:
        """Return the paths of names that were read before."""
        found = self._paths.get(number)
        if found is None:
            prefix = self.prefix
            found = self._paths[number] = tuple([prefix + name for name in self.known[number]])
        return found

    def extension(self, code: int, content: bytes) -> Any:
        # Extensions are met before the names that they refer to: resolved in `plain`.
        return _Extension((code, content))

    def plain(self, value: Any) -> Any:
        """Return the plain data that `_Writer.plain` was given."""
        kind = type(value)
        if kind is list:
            return [self.plain(item) for item in value]
        if kind is dict:
            return {key: self.plain(item) for key, item in value.items()}
        if kind is _Extension:
            code, content = value
            if code == _PATHS:
                return list(self.paths(msgpack.unpackb(content)))
            if code != _TUPLE:
                raise ValueError(f"no extension of ours: {code}")
            inner = msgpack.unpackb(
                content,
                ext_hook=self.extension,
                unicode_errors="surrogatepass",
                strict_map_key=False,
            )
            return tuple(self.plain(inner))
        return value


class _Extension(tuple[int, bytes]):
    """An extension that is not yet resolved."""


_Write: TypeAlias = Callable[[_Writer, Any], Any]
_Read: TypeAlias = Callable[[_Reader, Any], Any]


class _Codec(typing.NamedTuple):
    write: _Write
    read: _Read | None
    """None where what was written is what is read."""


def _codec_of(kind: type) -> _Codec:
    return _codec(kind)


@lru_cache(maxsize=256)
def _codec(kind: Hashable) -> _Codec:
    """Return how values of a declared type are written and read."""
    if isinstance(kind, type) and is_dataclass(kind):
        return _record_codec(kind)
    origin, parameters = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple and parameters[1:] == (...,):
        if parameters[0] is str:
            return _texts_codec()
        make = _common_codec if parameters[0] in _COMMON else _records_codec
        return make(parameters[0])
    if origin in (types.UnionType, typing.Union) and parameters[1:] == (type(None),):
        return _optional_codec(parameters[0])
    if origin is typing.Literal:
        return _plain_codec(str)
    if isinstance(kind, type) and kind in (str, bool, int, float):
        return _plain_codec(kind)
    return _Codec(_Writer.plain, _Reader.plain)


def _plain_codec(kind: type) -> _Codec:
    def write(_: _Writer, value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"{type(value).__name__} in place of {kind.__name__}")
        return value

    return _Codec(write, None)


def _optional_codec(kind: Any) -> _Codec:
    inner = _codec(kind)
    if inner.read is None:
        return _Codec(_Writer.plain, None)
    read = inner.read
    return _Codec(
        lambda writer, value: None if value is None else inner.write(writer, value),
        lambda reader, value: None if value is None else read(reader, value),
    )


def _texts_codec() -> _Codec:
    """Names and notes: written once, then referred to; paths by the names that they have."""

    def write(writer: _Writer, value: tuple[str, ...]) -> Any:
        if len(value) < _SHARED_FROM:
            return value
        names = writer.names_of(value)
        if names is not None:
            return -1 - names
        known = writer.known(value)
        return value if known is None else known

    def read(reader: _Reader, value: Any) -> tuple[str, ...]:
        if type(value) is int:
            return reader.known[value] if value >= 0 else reader.paths(-1 - value)
        found = tuple(value)
        if len(found) >= _SHARED_FROM:
            reader.known.append(found)
        return found

    return _Codec(write, read)


def _records_codec(item: Any) -> _Codec:
    """Tuples of records: written once, then referred to."""
    inner = _codec(item)

    def write(writer: _Writer, value: tuple[Any, ...]) -> Any:
        if not value:
            return None
        known = writer.known(value)
        return [inner.write(writer, one) for one in value] if known is None else known

    def read(reader: _Reader, value: Any) -> tuple[Any, ...]:
        if value is None:
            return ()
        if type(value) is int:
            return reader.known[value]
        known, place = reader.known, len(reader.known)
        known.append(())  # what is in its items is numbered after it
        if inner.read is not None:
            value = [inner.read(reader, one) for one in value]
        known[place] = found = tuple(value)
        return found

    return _Codec(write, read)


def _record_codec(kind: type) -> _Codec:
    hints = typing.get_type_hints(kind)
    names = tuple(field.name for field in fields(kind))
    defaults = [_default_of(field) for field in fields(kind)]
    writers: list[_Write] = []
    readers: list[tuple[int, _Read]] = []

    def prepare() -> None:  # late: a record may hold records of its own kind
        codecs = [_codec(hints[name]) for name in names]
        writers.extend(codec.write for codec in codecs)
        readers.extend((n, codec.read) for n, codec in enumerate(codecs) if codec.read is not None)

    def write(writer: _Writer, value: Any) -> list[Any]:
        if type(value) is not kind:
            raise TypeError(f"{type(value).__name__} in place of {kind.__name__}")
        if not writers:
            prepare()
        content = value.__dict__
        count = len(names)
        while count and content[names[count - 1]] == defaults[count - 1]:
            count -= 1  # what is at the end as it is by default need not be said
        return [
            one(writer, content[name]) for name, one in zip(names[:count], writers, strict=False)
        ]

    def read(reader: _Reader, value: list[Any]) -> Any:
        if not writers:
            prepare()
        count = len(value)
        for number, one in readers:
            if number >= count:
                break
            value[number] = one(reader, value[number])
        return kind(*value)

    return _Codec(write, read)


def _default_of(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _common_codec(item: type) -> _Codec:
    """Tuples of records that are the same for many groups: equal ones are read as the very same."""
    inner = _codec(item)
    made: dict[bytes, tuple[Any, ...]] = {}

    def write(_: _Writer, value: tuple[Any, ...]) -> Any:
        plain = [inner.write(_Writer("/"), one) for one in value]
        return msgpack.packb(plain, unicode_errors="surrogatepass") if value else None

    def read(_: _Reader, value: Any) -> tuple[Any, ...]:
        if value is None:
            return ()
        found = made.get(value)
        if found is None:
            if len(made) > _MOST_COMMON:
                made.clear()
            plain = msgpack.unpackb(value, unicode_errors="surrogatepass")
            found = made[value] = tuple(item(*one) for one in plain)
        return found

    return _Codec(write, read)


def _shape(kind: type, seen: set[type]) -> str:
    """Spell the fields of a record, and those of the records in it."""
    if kind in seen:
        return kind.__name__
    seen.add(kind)
    hints = typing.get_type_hints(kind)
    told = [f"{field.name}: {hints[field.name]}" for field in fields(kind)]
    inner = [
        _shape(item, seen)
        for hint in hints.values()
        for item in (hint, *typing.get_args(hint))
        if isinstance(item, type) and is_dataclass(item)
    ]
    return f"{kind.__name__}({', '.join(told)}) {' '.join(inner)}"


SHAPE = hashlib.blake2b(
    " ".join(_shape(kind, set()) for kind in _KINDS).encode(), digest_size=8
).hexdigest()
"""Changes with the fields of the records."""
