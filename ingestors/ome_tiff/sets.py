"""The files of an OME-TIFF set, found from any of them: one or two headers are read."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import numpy as np

from ...core.errors import AmbiguousDataError, AssetError, NoDataError, UnsupportedFileError
from ...core.places import Place, consult, place_of_file
from ...core.places.observation import current_observation
from ...core.places.recalling import recall
from ..assets.tiff.bytes import open_file
from ..assets.tiff.pages import starts_like_tiff
from ..tiff.metadata import TiffFacts, inspect_file
from ..tiff.origin import FrameColumns
from ..tiff.planes import PlaneSet
from .xml import LONGEST_XML, OWN, OmeDocument, OmeImage, looks_like_ome, read_ome_xml

__all__ = ["OmeSet", "Unresolved", "find_set", "ome_text"]


@dataclass(frozen=True)
class Unresolved:
    """A file with OME-XML of which no set can be made."""

    why: str


@dataclass(frozen=True)
class OmeSet:
    """The files that one block of OME-XML tells of."""

    path: str
    """Of the file that the set was found from."""
    folder: str
    """Absolute, without symbolic links."""
    document: OmeDocument
    names: tuple[str, ...]
    """Of the document's files as they are called in the folder."""
    missing: frozenset[str] = frozenset()
    """Those of them that are not there."""
    notes: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        """That of the set, whichever of its files it was found from."""
        return place_of_file(os.path.join(self.folder, self.names[0]))

    @property
    def refused(self) -> list[str]:
        """Names that lead out of the folder: such files are not read."""
        return [name for name in self.names if not _is_inside(name)]

    def part(self, image: OmeImage) -> str:
        """Return what tells a run of an image from those of the others."""
        return f"image {image.number}" if len(self.document.images) > 1 else ""

    def image(self, number: int | None) -> OmeImage:
        """Return the image of that number; without one, the only one.

        Raises
        ------
        AmbiguousDataError
            If there are several.
        NoDataError
            If there is none of that number.
        """
        images = self.document.images
        if number is None and len(images) == 1:
            return images[0]
        told = ", ".join(f"{image.number} ({image.name})" for image in images[:10])
        if number is None:
            raise AmbiguousDataError(
                f"it describes {len(images)} images: {told}",
                where=self.path,
                remedy="Tell which one, for example image=0.",
            )
        for image in images:
            if image.number == number:
                return image
        raise NoDataError(f"there is no image {number!r} among {told}", where=self.path)

    def members(self, image: OmeImage) -> list[str]:
        """Return the names of the files that hold an image."""
        return [self.names[number] for number in dict.fromkeys(image.file.tolist())]

    def look_at(self, image: OmeImage) -> TiffFacts:
        """Return the headers of a file that holds some of an image: the one given, if it does.

        Raises
        ------
        NoDataError
            If none of them is there.
        UnsupportedFileError, AssetError
            If none of the first few can be read.
        """
        there = [name for name in self.members(image) if name not in self.missing]
        given = os.path.basename(self.path)
        if given in there:
            there = [given, *(name for name in there if name != given)]
        if not there:
            raise NoDataError("none of its files is there", where=self.folder)
        for number, name in enumerate(there[:3]):
            try:
                return inspect_file(os.path.join(self.folder, name))
            except (UnsupportedFileError, AssetError):
                if number == len(there[:3]) - 1:
                    raise
        raise AssertionError  # the last one returns or raises

    def planes(self, image: OmeImage, facts: TiffFacts, found: FrameColumns) -> PlaneSet:
        """Return the planes of an image that are there.

        Parameters
        ----------
        facts
            From `look_at`: the one file whose number of pages is known.
        found
            What is told of all planes.
        """
        there = np.ones(len(image.file), bool)
        for number, name in enumerate(self.names):
            if name in self.missing:
                there &= image.file != number
            elif os.path.join(self.folder, name) == facts.path:
                there &= (image.file != number) | (image.page < len(facts.directory))
        planes = PlaneSet(
            self.folder, self.names, image.file, image.page, image.axes, found, self._held()
        )
        shown = tuple(axis for axis, size in image.sizes.items() if size > 1)
        return replace(planes.take(np.flatnonzero(there)), shown=shown)

    def _held(self) -> dict[str, int]:
        """Return how many pages each file holds, as far as is told."""
        held = dict.fromkeys(self.names, 0)
        for image in self.document.images:
            last = np.zeros(len(self.names), np.int64)
            np.maximum.at(last, image.file, image.page + 1)
            for name, count in zip(self.names, last.tolist(), strict=True):
                held[name] = max(held[name], count)
        return held


def ome_text(path: str) -> str:
    """Return the OME-XML of a TIFF file, or of a companion file that is nothing else.

    Raises
    ------
    UnsupportedFileError
        If the file is neither.
    AssetError
        If it cannot be opened.
    """
    with open_file(path) as descriptor:
        head = os.pread(descriptor, 4, 0)
        if not starts_like_tiff(head) and os.fstat(descriptor).st_size <= LONGEST_XML:
            text = _read_text(descriptor)
            if looks_like_ome(text):
                return text
    return inspect_file(path).description


def _read_text(descriptor: int) -> str:
    pieces: list[bytes] = []
    while piece := os.pread(descriptor, 2**20, sum(map(len, pieces))):
        pieces.append(piece)
    raw = b"".join(pieces)
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    return raw.decode(encoding, "replace")


def find_set(path: str) -> OmeSet | Unresolved | None:
    """Find the set that a file belongs to; None if the file has no OME-XML.

    Parameters
    ----------
    path
        Of any TIFF file of the set, or of its companion file; absolute, its folder without links.

    Raises
    ------
    UnsupportedFileError, AssetError
        If the file cannot be read.
    """
    return recall(("ome-set", path), lambda: _find(path))


def _find(path: str) -> OmeSet | Unresolved | None:
    text = ome_text(path)
    if not looks_like_ome(text):
        return None
    folder, holder = os.path.split(path)
    document = read_ome_xml(text)
    notes: list[str] = []
    if document is not None and document.master:
        holder = document.master
        if not _is_inside(holder):
            return Unresolved(f"its metadata file {holder!r} is outside of the folder")
        consult(os.path.join(folder, holder))
        try:
            document = read_ome_xml(ome_text(os.path.join(folder, holder)))
        except (AssetError, UnsupportedFileError) as error:
            return Unresolved(f"its metadata file {holder} cannot be read: {error.what}")
    if document is None:
        return Unresolved("its OME-XML cannot be read")
    images = tuple(image for image in document.images if len(image.file))
    if not images:
        return Unresolved("its OME-XML tells of no plane in a TIFF file")
    if document.lost:
        notes.append(f"{document.lost} planes lie in files that are named by nothing but a UUID")
    names, more = _names_in(folder, holder, os.path.basename(path), document)
    missing = _missing_of(folder, names)
    return OmeSet(path, folder, replace(document, images=images), names, missing, (*notes, *more))


def _is_inside(name: str) -> bool:
    return bool(name) and not name.startswith(("/", "\\")) and ".." not in name.split("/")


def _names_in(
    folder: str, holder: str, given: str, document: OmeDocument
) -> tuple[tuple[str, ...], list[str]]:
    """Return what the files of a document are called in its folder.

    The file that holds the document may have been renamed: it knows its own UUID.
    """
    names: list[str] = []
    notes: list[str] = []
    entries = _entries(folder)
    alone = len(document.files) == 1
    for name, uuid in zip(document.files, document.uuids, strict=True):
        is_holder = name == OWN or (
            name not in entries and (alone or bool(uuid and uuid == document.uuid))
        )
        if is_holder and name not in (OWN, holder):
            notes.append(f"it calls itself {name}: it has been renamed")
        names.append(holder if is_holder else name)
    return tuple(names), notes


def _entries(folder: str) -> dict[str, os.DirEntry[str]]:
    try:
        return current_observation().list_folder(folder)
    except OSError:
        return {}


def _missing_of(folder: str, names: tuple[str, ...]) -> frozenset[str]:
    """Return which files are not there, or not to be read: names that lead out of the folder."""
    entries = _entries(folder)
    doubtful = [name for name in names if name not in entries and _is_inside(name)]
    stats = current_observation().stats(os.path.join(folder, name) for name in doubtful)
    there = {name for name, stat in zip(doubtful, stats, strict=True) if stat is not None}
    return frozenset(name for name in names if name not in entries and name not in there)
