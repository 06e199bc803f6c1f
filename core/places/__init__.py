"""Files and their names: which belong together, where they lie, and how that identifies a run."""

from ..lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "FileSet": ".selection",
        "FileStat": ".observation",
        "Fingerprint": ".fingerprint",
        "Place": ".identity",
        "file_uri": ".uris",
        "find_families": ".naming",
        "observe": ".observation",
        "path_from_uri": ".uris",
        "place_of_file": ".identity",
        "relocate": ".uris",
        "run_uid": ".identity",
        "select_files": ".selection",
        "stretches": ".naming",
        "take_fingerprint": ".fingerprint",
    },
)
