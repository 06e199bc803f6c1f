"""TIFF files of PILATUS detectors, which camserver writes, also for SAXSLAB's instruments."""
