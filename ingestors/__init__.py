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
        "ingest_eiger": ".eiger.ingest",
        "ingest_gda": ".gda.ingest",
        "ingest_fabio_images": ".fabio_images.ingest",
        "ingest_gatan_stack": ".electron_microscopes.ingest",
        "ingest_gatan_tiff": ".electron_microscopes.ingest",
        "ingest_hamamatsu_streak": ".electron_microscopes.ingest",
        "ingest_hdf5": ".hdf5.ingest",
        "ingest_hdf5_chunks": ".hdf5.chunks",
        "ingest_hitachi_sem": ".electron_microscopes.ingest",
        "ingest_jeol_tem": ".electron_microscopes.ingest",
        "ingest_joined": ".joined.ingest",
        "ingest_nxmx": ".nxmx.ingest",
        "ingest_pilatus_tiff": ".pilatus.ingest",
        "ingest_spec": ".spec.ingest",
        "ingest_text_log": ".text_log.ingest",
        "ingest_thermo_sem": ".electron_microscopes.ingest",
        "ingest_tiff_series": ".tiff.series",
        "ingest_tiff_stack": ".tiff.stack",
        "ingest_usaxs_fly": ".usaxs_fly.ingest",
        "ingest_tiff_template": ".tiff_template.ingest",
        "ingest_tvips": ".electron_microscopes.ingest",
        "ingest_velox": ".electron_microscopes.velox_ingest",
        "ingest_zeiss_sem": ".electron_microscopes.ingest",
        "ingest_zeiss_stack": ".electron_microscopes.ingest",
    },
)
