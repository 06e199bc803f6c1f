"""NeXus files that were written from Bluesky runs: by apstools' NXWriter, and by suitcase."""
