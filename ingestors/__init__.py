"""Ingestors: generator functions that yield a run's documents from files, by the files' origin."""

from ..core.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "ingest_areadetector_tiff": ".areadetector.ingest",
        "ingest_hdf5": ".hdf5.ingest",
        "ingest_hdf5_chunks": ".hdf5.chunks",
        "ingest_imagej_series": ".imagej.ingest",
        "ingest_imagej_stack": ".imagej.ingest",
        "ingest_joined": ".joined.ingest",
        "ingest_metamorph_series": ".metamorph.ingest",
        "ingest_metamorph_stack": ".metamorph.ingest",
        "ingest_micro_manager": ".micro_manager.ingest",
        "ingest_ome_tiff": ".ome_tiff.ingest",
        "ingest_pilatus_tiff": ".pilatus.ingest",
        "ingest_spec": ".spec.ingest",
        "ingest_text_log": ".text_log.ingest",
        "ingest_tiff_series": ".tiff.series",
        "ingest_tiff_stack": ".tiff.stack",
    },
)
