"""What it registers: an ingestor of files that begin with CHAT."""

from penstock import Ingestor, hookimpl

print("chatty: imported")


@hookimpl
def penstock_ingestors():
    print("chatty: asked for ingestors")
    return [
        Ingestor(
            "chatty",
            title="Files of a chatty instrument",
            ingest="lab_chatty.ingest:ingest",
            takes="file",
            patterns=("*.chat",),
            probe="lab_chatty.ingest:probe",
        )
    ]
