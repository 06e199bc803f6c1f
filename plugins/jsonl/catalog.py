"""A catalog of the runs in JSON Lines files."""

from __future__ import annotations

from .._copies import CopiesCatalog
from .format import FORMAT

__all__ = ["BlueskyJSONLCatalog"]


class BlueskyJSONLCatalog(CopiesCatalog):
    """A catalog of the runs in JSON Lines files, such as suitcase-jsonl writes.

    It follows the files as `penstock.BlueskyMsgpackCatalog` does. Assets that documents refer to
    are read where they lie; `root_map` says where they have moved to.

    Parameters
    ----------
    paths
        A folder, a glob, or several of them.
    handler_registry
        Handler classes for ``resource`` documents by spec, before the installed ones.
    root_map
        Prefixes of paths in documents, and where they lie on this machine.
    transforms
        Functions of a document, by document name, that runs apply to what they give.
    query
        A Mongo query: only runs that match are shown.

    Raises
    ------
    NoDataError
        If a folder, or a file that is no glob, is not there.

    Examples
    --------
    >>> import tempfile
    >>> from penstock.core.run import BlueskyRun
    >>> from penstock.core.run.samples import count_run
    >>> from penstock.plugins.jsonl import export_run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     item = export_run(BlueskyRun(count_run(3, uid="6f2a")), folder)
    ...     catalog = BlueskyJSONLCatalog(folder)
    ...     list(catalog), catalog["6f"].primary.read()["x"].values.tolist()
    (['6f2a'], [0.0, 1.0, 2.0])
    """

    _format = FORMAT
