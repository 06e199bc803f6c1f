"""The ingestor of PILATUS files passes the tests that every ingestor is asked to pass."""

from penstock.sample_files.origins.beamline_tiff import write_pilatus_tiff
from penstock.testing import IngestorTests


class TestPilatusTIFF(IngestorTests):
    ingestor = "pilatus-tiff"

    def write_files(self, folder):
        return [str(path) for path in write_pilatus_tiff(folder, 40)]
