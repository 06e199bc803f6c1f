"""A catalog of runs: upsert, list, look up, search, remove."""

import pickle
import threading

import event_model
import pytest

from penstock.core.catalog import BlueskyInMemoryCatalog
from penstock.core.errors import DocumentError, QueryError, RunNotFoundError, UpsertError
from penstock.core.run import BlueskyRun


def ingest(uid, time=0.0, **metadata):
    """An ingestor as a user would write it."""
    bundle = event_model.compose_run(uid=uid, time=time, metadata=metadata)
    yield "start", bundle.start_doc
    stream = bundle.compose_descriptor(
        name="primary", data_keys={"x": {"shape": [], "dtype": "number", "source": "s"}}
    )
    yield "descriptor", stream.descriptor_doc
    yield "event", stream.compose_event(data={"x": 1}, timestamps={"x": time}, time=time)
    yield "stop", bundle.compose_stop(time=time)


@pytest.fixture
def catalog():
    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(ingest, ("aaa1", 10.0), {"sample": {"name": "Cu"}, "scan_id": 1})
    catalog.upsert(ingest, ("aaa2", 30.0), {"sample": {"name": "Ni"}, "scan_id": 2})
    catalog.upsert(ingest, ("bbb1", 20.0), {"sample": {"name": "Cu"}, "scan_id": 1})
    return catalog


def test_it_is_a_mapping_of_uids_to_runs(catalog):
    assert list(catalog) == ["aaa1", "aaa2", "bbb1"]
    assert len(catalog) == 3
    assert [uid for uid, run in catalog.items() if isinstance(run, BlueskyRun)] == list(catalog)
    assert catalog["aaa1"].metadata["start"]["sample"] == {"name": "Cu"}
    assert catalog.get("zzz") is None
    assert catalog.get(-9) is None


@pytest.mark.parametrize("key", ["aaa1", "b", 1, "2", -1, -3])
def test_in_is_true_where_a_lookup_works(catalog, key):
    assert key in catalog
    assert catalog[key].uid in list(catalog)


@pytest.mark.parametrize("key", ["zzz", "aaa", 99, -4, None, 1.5, ("aaa1",)])
def test_in_is_false_where_a_lookup_fails(catalog, key):
    assert key not in catalog
    with pytest.raises((LookupError, ValueError)):
        catalog[key]


def test_upsert_replaces_by_uid(catalog):
    assert catalog.upsert(ingest, ("aaa1", 99.0), {}) == "aaa1"
    assert len(catalog) == 3
    assert catalog[-1].uid == "aaa1"
    assert catalog["aaa1"].provenance["replaced"] == "unknown"


def test_upsert_pulls_one_document_and_closes_the_generator():
    log = []

    def watched():
        try:
            log.append("started")
            yield "start", {"uid": "6f2a", "time": 0.0}
            log.append("went on")
        finally:
            log.append("closed")

    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(watched, (), {})
    assert list(catalog.search({"uid": "6f2a"})) == ["6f2a"]
    assert catalog["6f2a"].metadata["start"]["time"] == 0.0
    assert log == ["started", "closed"]
    assert list(catalog["6f2a"]) == []
    assert log == ["started", "closed", "started", "went on", "closed"]


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((iter(["a"]),), {}, "argument 1 is a list_iterator"),
        ((), {"uid": (u for u in "a")}, "uid is a generator"),
        ("aaa", {}, "tuple with a comma"),
        (None, {}, "not a tuple"),
        ((), ["uid"], "kwargs is a list"),
    ],
)
def test_calls_that_cannot_be_repeated_are_refused(args, kwargs, message):
    with pytest.raises(UpsertError, match=message):
        BlueskyInMemoryCatalog().upsert(ingest, args, kwargs)


def test_an_open_file_is_refused(tmp_path):
    with (tmp_path / "a").open("w+") as file, pytest.raises(UpsertError, match="a path"):
        BlueskyInMemoryCatalog().upsert(ingest, (file,), {})


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (list, "no documents at all"),
        (lambda: [("stop", {})], "began with 'stop'"),
        (lambda: ["start"], "began with"),
        (lambda: [("start", {"time": 0.0})], "uid is None"),
        (lambda: [("start", {"uid": "a"})], "time is None"),
        (lambda: [("start", {"uid": "a", "time": "noon"})], "time is 'noon'"),
        (lambda: [("start", None)], "no dict"),
    ],
)
def test_what_does_not_begin_with_a_start_is_refused(function, message):
    catalog = BlueskyInMemoryCatalog()
    with pytest.raises(DocumentError, match=message):
        catalog.upsert(function, (), {})
    assert len(catalog) == 0


def test_what_is_no_function_is_refused():
    with pytest.raises(UpsertError, match="generator function itself"):
        BlueskyInMemoryCatalog().upsert(ingest("aaa1"), (), {})
    with pytest.raises(UpsertError, match="not documents"):
        BlueskyInMemoryCatalog().upsert(lambda: 3, (), {})


def test_an_ingestors_own_error_passes_and_leaves_nothing():
    def fails():
        raise OSError("disk on fire")
        yield

    catalog = BlueskyInMemoryCatalog()
    with pytest.raises(OSError, match="disk on fire"):
        catalog.upsert(fails, (), {})
    assert len(catalog) == 0


def test_searches_nest_and_stay_up_to_date(catalog):
    copper = catalog.search({"sample.name": "Cu"})
    assert list(copper) == ["aaa1", "bbb1"]
    late = copper.search({"time": {"$gt": 15}})
    assert list(late) == ["bbb1"]
    assert len(late) == 1
    assert "aaa1" not in late
    assert late[-1].uid == "bbb1"
    with pytest.raises(RunNotFoundError):
        late["aaa1"]
    catalog.upsert(ingest, ("ccc1", 40.0), {"sample": {"name": "Cu"}})
    assert list(late) == ["bbb1", "ccc1"]


def test_a_wrong_query_is_refused_at_once(catalog):
    with pytest.raises(QueryError, match=r"\$noop"):
        catalog.search({"$noop": 1})


@pytest.mark.parametrize("query", ["copper", None, 5, ["a"]])
def test_what_is_no_dict_is_no_query(catalog, query):
    with pytest.raises(QueryError, match="a query is a dict"):
        catalog.search(query)


@pytest.mark.parametrize("name", ["root_map", "transforms", "handler_registry"])
def test_settings_are_dicts(name):
    with pytest.raises(TypeError, match=f"{name} is a int"):
        BlueskyInMemoryCatalog(**{name: 5})


def test_a_catalog_can_be_made_with_a_query():
    catalog = BlueskyInMemoryCatalog(query={"scan_id": 1})
    catalog.upsert(ingest, ("aaa1",), {"scan_id": 1})
    catalog.upsert(ingest, ("aaa2",), {"scan_id": 2})
    assert list(catalog) == ["aaa1"]
    assert catalog.query == {"scan_id": 1}


def test_ingesting_into_a_narrowed_catalog_tells_what_is_not_shown(tmp_path):
    import numpy as np
    import tifffile

    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 8), "u2"))
    catalog = BlueskyInMemoryCatalog()
    view = catalog.search({"sample.name": "Cu"})
    report = view.ingest([tmp_path])
    assert [item.outcome for item in report] == ["ok"]
    assert "does not match this catalog's query" in report.items[0].details["notes"][-1]
    assert len(view) == 0
    assert list(catalog) == report.uids


def test_remove(catalog):
    assert catalog.remove("b") == "bbb1"
    assert list(catalog) == ["aaa1", "aaa2"]
    with pytest.raises(RunNotFoundError):
        catalog.remove("bbb1")


def test_runs_pickle_without_their_catalog(catalog):
    run = pickle.loads(pickle.dumps(catalog["aaa1"]))
    assert list(run) == ["primary"]
    assert run.metadata["start"] == catalog["aaa1"].metadata["start"]


def test_settings_reach_the_runs():
    catalog = BlueskyInMemoryCatalog(transforms={"start": lambda doc: doc | {"seen": True}})
    catalog.upsert(ingest, ("aaa1",), {})
    assert catalog["aaa1"].metadata["start"]["seen"]
    assert catalog.search({})["aaa1"].metadata["start"]["seen"]


def test_it_shows_the_newest_runs(catalog):
    text = repr(catalog)
    assert text.startswith("<BlueskyInMemoryCatalog of 3 runs>")
    assert text.index("aaa2") < text.index("bbb1") < text.index("aaa1")
    assert "Cu" in catalog._repr_html_()
    assert catalog._ipython_key_completions_() == list(catalog)


def test_documents_are_normalised_at_the_door():
    import numpy as np

    def numpy_start():
        yield "start", {"uid": "6f2a", "time": np.float64(3.0), "n": np.int64(4), "t": (1, 2)}

    catalog = BlueskyInMemoryCatalog()
    catalog.upsert(numpy_start)
    assert catalog["6f2a"].metadata["start"] == {"uid": "6f2a", "time": 3.0, "n": 4, "t": [1, 2]}
    assert len(catalog.search({"n": 4, "t": 2})) == 1


def test_it_is_safe_under_threads():
    catalog = BlueskyInMemoryCatalog()
    failures = []

    def write(worker):
        for number in range(50):
            catalog.upsert(ingest, (f"{worker}-{number}", float(number)), {"scan_id": number})

    def read():
        try:
            while len(catalog) < 200:
                for uid in catalog:
                    assert catalog[uid].uid == uid
                assert all(uid in catalog for uid in catalog.search({"scan_id": {"$lt": 5}}))
        except Exception as error:  # told to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    threads += [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not failures
    assert len(catalog) == 200
    assert catalog[-1].metadata["start"]["scan_id"] == 49


def test_a_registered_ingestor_may_take_what_is_no_file(tmp_path):
    from types import SimpleNamespace

    from penstock.core.registry import Ingestor, Registry, hookimpl, use_registry

    def penstock_ingestors():
        record = Ingestor("lab", title="Lab", ingest=f"{__name__}:ingest", takes="file")
        return [record]

    plugin = SimpleNamespace(penstock_ingestors=hookimpl(penstock_ingestors))
    with use_registry(Registry.from_plugins([plugin])):
        catalog = BlueskyInMemoryCatalog()
        for argument in (str(tmp_path), "no file at all"):
            uid = catalog.upsert(ingest, (argument,), {})
            assert catalog[uid].provenance["ingestor"] == "lab"
            assert "fingerprint" not in catalog[uid].provenance
