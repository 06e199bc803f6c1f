"""One run out of several calls of ingestors: two detectors in one scan, images and their log."""
