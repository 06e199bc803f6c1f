"""Where the bytes of an HDF5 dataset really lie: external raw files and virtual sources.

HDF5 reads zeros, without a word, where a source of a virtual dataset is missing or too short. So
every source is looked at before a value is believed.
"""

from __future__ import annotations

import itertools
import math
import operator
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import h5py

from ....core.errors import (
    AssetError,
    MissingFileError,
    TruncatedFileError,
    UnsupportedFileError,
)
from .access import open_file
from .filters import require_filters
from .links import Reach, Target, follow

__all__ = ["SourceCheck"]

_DEEPEST = 8
_MOST_SOURCES = 100_000
_UNLIMITED = 2**64 - 1

Window = Sequence[tuple[int, int]]
"""For the leading axes of a dataset, the half-open stretch that is to be read."""

Stamp = tuple[int, int, int]


@dataclass
class SourceCheck:
    """Check that everything that a dataset is made of is there, before it is read.

    Sources that were found good are not opened again while their size and time stay the same.
    """

    reach: Reach
    _good: dict[tuple[str, str], Stamp] = field(default_factory=dict)

    def check(self, target: Target, window: Window = (), *, filters: bool = True) -> None:
        """Check one dataset; only what `window` touches, if given.

        Raises
        ------
        MissingFileError, TruncatedFileError, UnsafeLinkError, AssetError
            Naming the file and its dataset, and the source that is not good.
        """
        dataset = target.object
        if not isinstance(dataset, h5py.Dataset):
            raise UnsupportedFileError(
                f"{target.name!r} is a group, not a dataset", where=target.file
            )
        self._check(dataset, target.file, target.name, window, filters, depth=0)

    def _check(
        self,
        dataset: h5py.Dataset,
        file: str,
        name: str,
        window: Window,
        filters: bool,
        depth: int,
    ) -> None:
        if depth > _DEEPEST:
            raise AssetError(f"virtual dataset {name!r} leads in a circle", where=file)
        if dataset.external:
            self._check_external(dataset, file, name)
        if dataset.is_virtual:
            self._check_virtual(dataset, file, name, window, filters, depth)
        elif filters:
            require_filters(dataset, f"{file}::{name}")

    def _check_external(self, dataset: h5py.Dataset, file: str, name: str) -> None:
        prefix = os.environ.get("HDF5_EXTFILE_PREFIX", "")
        needed = dataset.id.get_space().get_simple_extent_npoints() * dataset.dtype.itemsize
        for raw, offset, size in dataset.external:
            if needed <= 0:
                return
            source = self.reach.locate(raw, file, prefix=prefix, moved=False)
            here = min(needed, size)
            if os.stat(source).st_size < offset + here:
                raise TruncatedFileError(
                    f"ends before the data of {name!r} in {file} do", where=source
                )
            needed -= here

    def _check_virtual(
        self,
        dataset: h5py.Dataset,
        file: str,
        name: str,
        window: Window,
        filters: bool,
        depth: int,
    ) -> None:
        sources = dataset.virtual_sources()
        if len(sources) > _MOST_SOURCES:
            raise UnsupportedFileError(
                f"{name!r} has {len(sources)} sources, more than {_MOST_SOURCES}", where=file
            )
        for source in sources:
            if not _touches(source.vspace, window):
                continue
            for number in itertools.count():
                filename, inner = (
                    _expand(text, number) for text in (source.file_name, source.dset_name)
                )
                blocks = "%b" in source.file_name or "%b" in source.dset_name
                try:
                    self._check_source(source, filename, inner, file, filters, depth)
                except MissingFileError as error:
                    if number:  # so many blocks there are, and HDF5 counts them likewise
                        break
                    raise _name_source(error, name, file, filename, inner) from error
                except AssetError as error:
                    raise _name_source(error, name, file, filename, inner) from error
                if not blocks or number > _MOST_SOURCES:
                    break

    def _check_source(
        self,
        source: Any,
        filename: str,
        inner: str,
        file: str,
        filters: bool,
        depth: int,
    ) -> None:
        prefix = os.environ.get("HDF5_VDS_PREFIX", "")
        path = file if filename == "." else self.reach.locate(filename, file, prefix=prefix)
        status = os.stat(path)
        stamp = (status.st_size, status.st_mtime_ns, status.st_ino)
        wanted = (path, f"{inner}\0{_selection_end(source.src_space)}")
        if self._good.get(wanted) == stamp:
            return
        with open_file(path) as opened, follow(opened, path, inner, self.reach) as target:
            if not isinstance(target.object, h5py.Dataset):
                raise MissingFileError(f"is a group, not a dataset: {inner!r}", where=path)
            self._check(target.object, target.file, target.name, (), filters, depth + 1)
            _check_extent(source, target)
            if target.file == path and not target.object.is_virtual:
                self._good[wanted] = stamp


def _name_source(error: AssetError, name: str, file: str, filename: str, inner: str) -> AssetError:
    """Say which virtual dataset cannot be read, and which of its sources is the reason."""
    reason = error.what if error.where in (None, file) else f"({error.where}) {error.what}"
    return type(error)(
        f"virtual dataset {name!r} would read as zeros: its source {filename}::{inner} {reason}",
        where=file,
        remedy=error.remedy,
    )


def _expand(text: str, number: int) -> str:
    """Fill in a printf-style name, in which ``%b`` counts blocks from 0."""
    return re.sub("%[b%]", lambda found: str(number) if found[0] == "%b" else "%", text)


def _selection_end(space: h5py.h5s.SpaceID) -> tuple[int, ...]:
    """Return how far a selection reaches in each axis; its begin where it grows with its source."""
    if space.get_select_type() == h5py.h5s.SEL_HYPERSLABS and space.is_regular_hyperslab():
        start, stride, count, block = space.get_regular_hyperslab()
        return tuple(
            int(s) if _UNLIMITED in (int(c), int(b)) else int(s) + (int(c) - 1) * int(d) + int(b)
            for s, d, c, b in zip(start, stride, count, block, strict=True)
        )
    if space.get_select_type() == h5py.h5s.SEL_ALL:
        return ()
    return tuple(int(end) + 1 for end in space.get_select_bounds()[1])


def _points(space: h5py.h5s.SpaceID) -> int:
    """Return how many elements are selected: in one block, where their number is not bounded."""
    if space.get_select_type() == h5py.h5s.SEL_HYPERSLABS and space.is_regular_hyperslab():
        _, _, count, block = space.get_regular_hyperslab()
        return math.prod(int(size) for size in (*count, *block) if int(size) != _UNLIMITED)
    return int(space.get_select_npoints())


def _check_extent(source: Any, target: Target) -> None:
    shape = target.object.shape or ()
    if source.src_space.get_select_type() == h5py.h5s.SEL_ALL:  # which does not tell its shape
        needed: tuple[int, ...] = (_points(source.vspace),)
        enough = math.prod(shape) >= needed[0]
    else:
        needed = _selection_end(source.src_space)
        enough = len(shape) == len(needed) and all(map(operator.ge, shape, needed))
    if not enough:
        raise TruncatedFileError(
            f"has shape {shape} where the virtual dataset needs {needed}",
            where=f"{target.file}::{target.name}",
        )


def _touches(space: h5py.h5s.SpaceID, window: Window) -> bool:
    """Whether the part of a virtual dataset that a source fills overlaps the window."""
    if not window or space.get_select_type() != h5py.h5s.SEL_HYPERSLABS:
        return True
    if space.is_regular_hyperslab():
        start, _, count, block = space.get_regular_hyperslab()
        growing = [_UNLIMITED in (int(c), int(b)) for c, b in zip(count, block, strict=True)]
    else:
        start, growing = space.get_select_bounds()[0], [False] * len(space.shape)
    end = _selection_end(space)
    return all(
        begin < (_UNLIMITED if grows else stop_here) and stop > int(first)
        for (begin, stop), first, stop_here, grows in zip(window, start, end, growing, strict=False)
    )
