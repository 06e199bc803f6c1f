"""What the package offers, by name: the library is imported when it is needed."""

from penstock import AssetReader, Command, Exporter, Ingestor, hookimpl

_HERE = "penstock_heavy.functions"


@hookimpl
def penstock_ingestors() -> list[Ingestor]:
    """Offer an ingestor."""
    return [
        Ingestor(
            "heavy", title="Heavy", ingest=f"{_HERE}:ingest", takes="file", patterns=("*.hvy",)
        )
    ]


@hookimpl
def penstock_asset_readers() -> list[AssetReader]:
    """Offer a reader."""
    return [AssetReader("heavy", ("application/x-heavy",), f"{_HERE}:open_frames")]


@hookimpl
def penstock_exporters() -> list[Exporter]:
    """Offer an exporter."""
    return [Exporter("heavy", "Heavy", f"{_HERE}:export")]


@hookimpl
def penstock_commands() -> list[Command]:
    """Offer a command."""
    return [Command("heavy", title="be heavy", run=f"{_HERE}:run")]
