"""Runs that come all at once are found as those that come one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.core.catalog.store import Entry, RunStore
from penstock.core.run.samples import count_run

entries = st.builds(
    lambda uid, time, known: Entry(count_run(0, uid=uid, time=time, **known)),
    st.text("abc", min_size=1, max_size=2),
    st.integers(0, 3).map(float),
    st.just({}) | st.builds(lambda number: {"scan_id": number}, st.integers(0, 2)),
)
batches = st.lists(st.lists(entries, max_size=6), max_size=3)


@given(batches)
def test_many_at_once_or_one_by_one_makes_no_difference(batches: list[list[Entry]]) -> None:
    one, many = RunStore(), RunStore()
    for batch in batches:
        for entry in batch:
            one.put(entry)
        many.put_many(batch)
    uids = one.index.uids()
    assert many.index.uids() == uids
    assert [many.get(uid) for uid in uids] == [one.get(uid) for uid in uids]
    assert many.index.newest() == one.index.newest()
    for prefix in "abc":
        assert many.index.with_prefix(prefix) == one.index.with_prefix(prefix)
    for scan_id in range(3):
        assert list(many.index.with_scan_id(scan_id)) == list(one.index.with_scan_id(scan_id))
    for uid in uids:
        many.remove(uid)
    assert (len(many.index), many.index.with_prefix("")) == (0, [])
