"""The catalogs that are named on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.core.catalog.base import BlueskyCatalog

__all__ = ["open_catalog"]


def open_catalog(name: str) -> BlueskyCatalog:
    """Open the catalog that a person named.

    Raises
    ------
    NoDataError
        If there is none.

    Examples
    --------
    >>> open_catalog("no_such_folder/native_copies")
    Traceback (most recent call last):
    ...
    penstock.core.errors.NoDataError: no_such_folder/native_copies: there is no such folder...
    """
    from penstock import opening

    return opening.open_catalog(name)
