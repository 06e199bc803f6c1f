"""Ingestors: generator functions that yield a run's documents from files, by the files' origin."""

from ..core.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "ingest_areadetector_hdf5": ".areadetector.ingest",
        "ingest_areadetector_nexus": ".areadetector.ingest",
        "ingest_areadetector_tiff": ".areadetector.ingest",
        "ingest_bliss": ".bliss.ingest",
        "ingest_bluesky_nexus": ".bluesky_nexus.ingest",
        "ingest_data_exchange": ".data_exchange.ingest",
        "ingest_eiger": ".eiger.ingest",
        "ingest_fabio_images": ".fabio_images.ingest",
        "ingest_fxi": ".fxi.ingest",
        "ingest_gda": ".gda.ingest",
        "ingest_hdf5": ".hdf5.ingest",
        "ingest_hdf5_chunks": ".hdf5.chunks",
        "ingest_joined": ".joined.ingest",
        "ingest_lnls_imx": ".lnls_imx.ingest",
        "ingest_nxmx": ".nxmx.ingest",
        "ingest_nxtomo": ".nxtomo.ingest",
        "ingest_ome_tiff": ".ome_tiff.ingest",
        "ingest_pilatus_tiff": ".pilatus.ingest",
        "ingest_spec": ".spec.ingest",
        "ingest_text_log": ".text_log.ingest",
        "ingest_tiff_series": ".tiff.series",
        "ingest_tiff_stack": ".tiff.stack",
        "ingest_tiff_template": ".tiff_template.ingest",
        "ingest_tomography_tiff": ".tomography_tiff.ingest",
        "ingest_usaxs_fly": ".usaxs_fly.ingest",
    },
)
