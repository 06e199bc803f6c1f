"""Formats by their first bytes: those that are ingested, and those that only look like it.

A table, no parser: nothing is decompressed, nothing is executed, and 64 KiB are enough.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

__all__ = [
    "FORMATS",
    "HEAD_BYTES",
    "Format",
    "format_by_suffix",
    "formats_by_mimetype",
    "identify",
    "is_format",
]

HEAD_BYTES = 65536
"""How much of a file `identify` needs at most: HDF5 may begin behind a user block."""


@dataclass(frozen=True)
class Format:
    """A file format that can be told by its first bytes.

    Examples
    --------
    >>> FORMATS["tiff"].title
    'TIFF'
    """

    id: str
    title: str
    magics: tuple[tuple[int, bytes], ...] = ()
    """Any of these: bytes that stand at an offset."""
    suffixes: tuple[str, ...] = ()
    """Suffixes that promise this format, in lower case."""
    parent: str = ""
    """The format that this one is a kind of: who reads the parent reads this one."""
    remedy: str = ""
    """What to do where data were expected and this was found."""
    mimetypes: tuple[str, ...] = ()
    """What it is called where formats are told by mimetype."""


_HDF5 = b"\x89HDF\r\n\x1a\n"
_UNPACK = "Unpack it and ingest what it holds."
_NOT_READ = "No ingestor for this format comes with penstock; a plug-in can bring one."

_TABLE = (
    Format(
        "tiff",
        "TIFF",
        ((0, b"II*\0"), (0, b"MM\0*")),
        (".tif", ".tiff", ".stk", ".lsm", ".svs"),
        mimetypes=("image/tiff", "image/tif", "image/x-tiff"),
    ),
    Format("bigtiff", "BigTIFF", ((0, b"II+\0"), (0, b"MM\0+")), (".btf", ".tf8"), "tiff"),
    Format(
        "hdf5",
        "HDF5",
        tuple((offset, _HDF5) for offset in (0, *(512 << power for power in range(7)))),
        (".h5", ".hdf5", ".nxs", ".nx5", ".nexus", ".he5", ".emd", ".hspy"),
        mimetypes=("application/x-hdf5", "application/x-hdf", "application/hdf5"),
    ),
    Format(
        "hdf4",
        "HDF4, an older format than HDF5",
        ((0, b"\x0e\x03\x13\x01"),),
        remedy="Convert it with h4toh5.",
        mimetypes=("application/x-hdf",),
    ),
    Format(
        "git-lfs",
        "a Git LFS pointer; the data were never downloaded",
        ((0, b"version https://git-lfs.github.com/spec/"),),
        remedy="Run `git lfs pull` in that repository.",
    ),
    Format(
        "git-annex",
        "a git-annex pointer; the data were never downloaded",
        ((0, b"/annex/objects/"),),
        remedy="Run `git annex get` in that repository.",
    ),
    Format("npy", "NumPy .npy", ((0, b"\x93NUMPY"),), (".npy",), remedy=_NOT_READ),
    Format(
        "png",
        "PNG",
        ((0, b"\x89PNG\r\n\x1a\n"),),
        (".png",),
        remedy=_NOT_READ,
        mimetypes=("image/png",),
    ),
    Format(
        "jpeg",
        "JPEG",
        ((0, b"\xff\xd8\xff"),),
        (".jpg", ".jpeg"),
        remedy=_NOT_READ,
        mimetypes=("image/jpeg",),
    ),
    Format(
        "jpeg2000",
        "JPEG 2000",
        ((0, b"\0\0\0\x0cjP  \r\n"), (0, b"\xff\x4f\xff\x51")),
        (".jp2",),
        remedy=_NOT_READ,
        mimetypes=("image/jp2",),
    ),
    Format(
        "gif",
        "GIF",
        ((0, b"GIF87a"), (0, b"GIF89a")),
        (".gif",),
        remedy=_NOT_READ,
        mimetypes=("image/gif",),
    ),
    Format("cbf", "CBF", ((0, b"###CBF: VERSION"),), (".cbf",)),
    Format(
        "edf",
        "EDF of the ESRF",
        tuple(
            (0, start + key)
            for start in (b"{\n", b"{\r\n", b"\n{\n", b"\n{\r\n", b"\r\n{\r\n")
            for key in (b"HeaderID", b"EDF_", b"Header_", b"ByteOrder")
        ),
        (".edf", ".cor"),
    ),
    Format(
        "mar345",
        "MAR345",
        ((128, b"mar research"), (64, b"mar research")),
        (".mar2300", ".mar3450", ".mar1200"),
    ),
    Format("dtrek", "SMV or d*TREK", ((0, b"{\nHEADER_BYTES"), (0, b"{\r\nHEADER_BYTES"))),
    Format("bruker86", "Bruker's format 86", ((0, b"FORMAT :        86"), (0, b"FORMAT :86"))),
    Format("bruker100", "Bruker's format 100", ((0, b"FORMAT :100"),), (".sfrm",)),
    Format("oxd", "Oxford Diffraction", ((0, b"OD SAPPHIRE"),)),
    Format("raxis", "Rigaku R-AXIS", ((0, b"R-AXIS"),)),
    Format("ge", "GE Angio", ((0, b"ADEPT"),)),
    Format("esperanto", "Esperanto of CrysAlis", ((0, b"ESPERANTO FORMAT"),), (".esperanto",)),
    Format(
        "fits",
        "FITS",
        ((0, b"SIMPLE  ="),),
        (".fits", ".fit"),
        remedy=_NOT_READ,
        mimetypes=(
            "application/fits",
            "image/fits",
        ),
    ),
    Format(
        "netcdf3",
        "NetCDF classic",
        ((0, b"CDF\x01"), (0, b"CDF\x02"), (0, b"CDF\x05")),
        remedy=_NOT_READ,
    ),
    Format(
        "dicom",
        "DICOM",
        ((128, b"DICM"),),
        (".dcm",),
        remedy=_NOT_READ,
        mimetypes=("application/dicom",),
    ),
    Format("pdf", "PDF", ((0, b"%PDF-"),), (".pdf",), remedy=_NOT_READ),
    Format(
        "zip",
        "a zip archive",
        ((0, b"PK\x03\x04"), (0, b"PK\x05\x06")),
        (".zip",),
        "",
        _UNPACK,
    ),
    Format("gzip", "gzip-compressed", ((0, b"\x1f\x8b"),), (".gz", ".tgz"), "", _UNPACK),
    Format("bzip2", "bzip2-compressed", ((0, b"BZh"),), (".bz2",), "", _UNPACK),
    Format("xz", "xz-compressed", ((0, b"\xfd7zXZ\0"),), (".xz",), "", _UNPACK),
    Format("zstd", "zstd-compressed", ((0, b"\x28\xb5\x2f\xfd"),), (".zst",), "", _UNPACK),
    Format("7z", "a 7z archive", ((0, b"7z\xbc\xaf\x27\x1c"),), (".7z",), "", _UNPACK),
    Format("tar", "a tar archive", ((257, b"ustar"),), (".tar",), "", _UNPACK),
    Format(
        "spec",
        "a SPEC data file",
        ((0, b"#F "), (0, b"\n#F "), *((0, b"#S %d" % digit) for digit in range(10))),
        (".spec",),
    ),
    Format(
        "text",
        "text",
        (),
        (".txt", ".csv", ".dat", ".log", ".json", ".yaml", ".yml", ".xml"),
    ),
    Format("empty", "empty (0 bytes)", remedy="Copy it again: it holds nothing."),
)

FORMATS: dict[str, Format] = {entry.id: entry for entry in _TABLE}
"""Every known format by its id."""

_BY_SUFFIX = {suffix: entry.id for entry in _TABLE for suffix in entry.suffixes}
_TEXT_BYTES = frozenset(b"\t\n\r\f\x1b" + bytes(range(0x20, 0x7F)))
_TEXT_SAMPLE = 512


def identify(head: bytes) -> str | None:
    r"""Return the id of the format that begins with `head`; None for one that is not known.

    Parameters
    ----------
    head
        The first `HEAD_BYTES` of a file, or all of a shorter one.

    Examples
    --------
    >>> identify(b"II*\0" + bytes(100)), identify(b""), identify(b"a,b\n1,2\n")
    ('tiff', 'empty', 'text')
    """
    if not head:
        return "empty"
    for entry in _TABLE:
        for offset, magic in entry.magics:
            if head.startswith(magic, offset):
                return entry.id
    return "text" if _looks_like_text(head[:_TEXT_SAMPLE]) else None


def _looks_like_text(sample: bytes) -> bool:
    if _TEXT_BYTES.issuperset(sample):
        return True
    try:
        text = sample.decode()
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 3:  # not merely cut in the middle of a character
            return False
        text = sample[: error.start].decode()
    return all(character.isprintable() or character in "\t\n\r\f\ufeff" for character in text)


def is_format(format_id: str | None, wanted: tuple[str, ...]) -> bool:
    """Tell whether a format is one of those wanted, or a kind of one of them.

    Examples
    --------
    >>> is_format("bigtiff", ("tiff",)), is_format("tiff", ("bigtiff",)), is_format(None, ("tiff",))
    (True, False, False)
    """
    if format_id is None:
        return False
    return format_id in wanted or FORMATS[format_id].parent in wanted


def format_by_suffix(name: str) -> str | None:
    """Return the id of the format that a file's suffix promises, None where it promises none.

    Examples
    --------
    >>> format_by_suffix("a.TIFF"), format_by_suffix("a.b.h5"), format_by_suffix("a")
    ('tiff', 'hdf5', None)
    """
    return _BY_SUFFIX.get(os.path.splitext(name)[1].lower())


def formats_by_mimetype(mimetype: str) -> tuple[str, ...]:
    """Return the ids of the formats that a mimetype can name.

    Examples
    --------
    >>> formats_by_mimetype("image/tiff"), formats_by_mimetype("text/csv")
    (('tiff',), ())
    """
    return tuple(entry.id for entry in _TABLE if mimetype.lower() in entry.mimetypes)
