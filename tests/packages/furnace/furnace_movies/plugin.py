"""What the package offers. This is imported whenever plug-ins are listed: nothing heavy here."""

from penstock import AssetReader, Ingestor, hookimpl


@hookimpl
def penstock_ingestors():
    """Offer the ingestor."""
    return [
        Ingestor(
            "furnace-movie",
            title="Movies of the furnace camera",
            ingest="furnace_movies.ingest:ingest_movie",
            takes="file",
            patterns=("*.movie",),
            probe="furnace_movies.ingest:probe",
            tier="STRUCTURE",  # the probe has seen that the camera wrote it
        )
    ]


@hookimpl
def penstock_asset_readers():
    """Offer the reader of what the ingestor's documents point at."""
    return [
        AssetReader(
            "furnace-movie", ("application/x-furnace-movie",), "furnace_movies.frames:open_movie"
        )
    ]
