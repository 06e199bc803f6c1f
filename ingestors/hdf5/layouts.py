"""How files are named that name, by links, the files in which their data are."""

from __future__ import annotations

from ...core.registry import Layout, Role

__all__ = ["DECTRIS_CHUNKS", "DECTRIS_MASTERS", "GDA_MASTERS"]

DECTRIS_MASTERS = Layout(
    (
        Role("master", "{name}_master.h5"),
        Role("data files", "{name}_data_{index:d}.h5", parameter=None),
    )
)
"""Those of Dectris' file writer (https://media.dectris.com/, SIMPLON API reference)."""

DECTRIS_CHUNKS = Layout((Role("data files", "{name}_data_{index:d}.h5"),))
"""Those whose master was not kept."""

GDA_MASTERS = Layout(
    (
        Role("master", "{scan:d}.nxs"),
        Role("data files", "{scan:d}-{detector}-files/{scan:d}.hdf", parameter=None),
    )
)
"""Those of Diamond's GDA."""
