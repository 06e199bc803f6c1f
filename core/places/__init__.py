"""Files and their names: which belong together, where they lie, and how that identifies a run."""

from typing import TYPE_CHECKING

from ..lazy import lazy_exports

if TYPE_CHECKING:
    from .consulting import consult
    from .fingerprint import Fingerprint, take_fingerprint
    from .identity import Place, place_of_file, run_uid
    from .naming import find_families
    from .numbering import stretches
    from .observation import FileStat, observe
    from .selection import FileSet, select_files
    from .target import prepare_folder
    from .uris import file_uri, path_from_uri, relocate

__all__ = [
    "FileSet",
    "FileStat",
    "Fingerprint",
    "Place",
    "consult",
    "file_uri",
    "find_families",
    "observe",
    "path_from_uri",
    "place_of_file",
    "prepare_folder",
    "relocate",
    "run_uid",
    "select_files",
    "stretches",
    "take_fingerprint",
]

__getattr__, __dir__, _ = lazy_exports(
    __name__,
    {
        "FileSet": ".selection",
        "FileStat": ".observation",
        "Fingerprint": ".fingerprint",
        "Place": ".identity",
        "consult": ".consulting",
        "file_uri": ".uris",
        "find_families": ".naming",
        "observe": ".observation",
        "path_from_uri": ".uris",
        "place_of_file": ".identity",
        "prepare_folder": ".target",
        "relocate": ".uris",
        "run_uid": ".identity",
        "select_files": ".selection",
        "stretches": ".numbering",
        "take_fingerprint": ".fingerprint",
    },
)
