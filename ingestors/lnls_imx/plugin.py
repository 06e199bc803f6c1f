"""What penstock registers for tomographies of IMX at LNLS."""

from __future__ import annotations

from ...core.registry import Ingestor, Layout, Role, hookimpl

__all__ = ["penstock_ingestors"]

_LAYOUT = Layout(
    (
        Role("projections", "tomo.h5"),
        Role("flats", "tomo_flat_before.h5", parameter="flats", many=False),
        Role("darks", "tomo_dark_before.h5", parameter="darks", many=False, optional=True),
    )
)


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Return the ingestor of three files that are one tomography.

    Examples
    --------
    >>> [ingestor.name for ingestor in penstock_ingestors()]
    ['lnls-imx']
    """
    return [
        Ingestor(
            name="lnls-imx",
            title="Tomography of IMX at LNLS: tomo.h5, tomo_flat_before.h5, tomo_dark_before.h5",
            ingest="penstock.ingestors.lnls_imx.ingest:ingest_lnls_imx",
            takes="file",
            formats=("hdf5",),
            probe="penstock.ingestors.lnls_imx.ingest:probe",
            isolate=True,
            tier="STRUCTURE",
            layouts=(_LAYOUT,),
            settings=("metadata",),
        )
    ]
