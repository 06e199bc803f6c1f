"""The tests that ingestors inherit: those of each subject, together."""

from __future__ import annotations

from penstock.testing._of_bad_input import BadInputTests
from penstock.testing._of_data import DataTests, LazinessTests
from penstock.testing._of_documents import DocumentTests, IdentityTests
from penstock.testing._of_registration import RegistrationTests

__all__ = ["IngestorTests"]


class IngestorTests(
    DocumentTests, IdentityTests, LazinessTests, DataTests, BadInputTests, RegistrationTests
):
    """Tests that every ingestor should pass: inherit them, and say what to ingest.

    Set `ingestor`, and write `write_files`. A test that fails says what to do. Let the files be a
    megabyte or more together: of smaller ones it cannot be told whether more is read than headers.

    Examples
    --------
    >>> class TestSeries(IngestorTests):
    ...     ingestor = "tiff-series"
    ...
    ...     def write_files(self, folder):
    ...         for number in range(3):
    ...             tifffile.imwrite(folder / f"scan_{number}.tif", np.zeros((8, 9), "uint16"))
    ...         return f"{folder}/scan_*.tif"
    """
