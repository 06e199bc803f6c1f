"""What stands in documents does not control the terminal that shows it."""

from __future__ import annotations

import pytest

from penstock.core.display import catalog_html, describe_catalog, describe_run, run_html
from penstock.core.run import BlueskyRun, DocumentsSource
from penstock.core.run.samples import count_run

SIGNS = "\x1b[2J\u202e\x07"


@pytest.mark.parametrize("show", ["run", "run html", "stream", "catalog", "catalog html"])
def test_signs_that_control_a_terminal_are_spelled_out(show: str) -> None:
    documents = list(count_run(2, uid=f"u{SIGNS}", title=f"t{SIGNS}").documents())
    for name, doc in documents:
        if name == "descriptor":
            doc["name"] = f"n{SIGNS}"
            doc["data_keys"]["x"]["dtype_numpy"] = f"<f8{SIGNS}"
    run = BlueskyRun(DocumentsSource(documents))
    starts = [run.metadata["start"]]
    shown = {
        "run": lambda: repr(run) + describe_run(run._reader),
        "run html": lambda: run_html(run._reader),
        "stream": lambda: repr(run[f"n{SIGNS}"]),
        "catalog": lambda: describe_catalog("Catalog", 1, starts),
        "catalog html": lambda: catalog_html("Catalog", 1, starts),
    }[show]()
    assert not set("\x1b\u202e\x07") & set(shown)
    assert "\\x1b" in shown
