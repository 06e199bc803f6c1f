"""Calls as plain data: of registered ingestors that take files, and of nothing else."""

import json

import pytest

from penstock.core.errors import SettingsError, UnregisteredIngestorError
from penstock.core.registry import Call, calls_of
from penstock.ingestors import ingest_hdf5


def test_a_call_is_understood_after_a_passage_through_json():
    plain = {"ingestor": "hdf5", "args": ["a.h5"], "kwargs": {"entry": "b"}, "name": "master"}
    (call,) = calls_of(json.loads(json.dumps([plain])))
    assert call == Call("hdf5", ("a.h5",), {"entry": "b"}, "master")
    assert call.function is ingest_hdf5


def test_a_reference_means_the_ingestor_that_is_registered_with_it():
    assert Call.of({"ingestor": "penstock.ingestors.hdf5.ingest:ingest_hdf5"}).ingestor == "hdf5"
    for other in ("os:system", "penstock.ingestors.hdf5.ingest:_read_content", "hdf6"):
        with pytest.raises(UnregisteredIngestorError):
            Call.of({"ingestor": other})


@pytest.mark.parametrize(
    "plain",
    [
        None,
        "hdf5",
        {},
        {"ingestor": 5},
        {"ingestor": "hdf5", "args": "a.h5"},
        {"ingestor": "joined"},
    ],
)
def test_what_is_no_call_is_refused(plain):
    with pytest.raises(SettingsError):
        Call.of(plain)
