"""Event pages from events, and events from event pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["page_from_events", "unpack_page"]


def unpack_page(page: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the events of an event page; arrays are cut along their first axis, not copied.

    Examples
    --------
    >>> page = {"descriptor": "d", "uid": ["a", "b"], "seq_num": [1, 2], "time": [0.0, 1.0],
    ...         "data": {"x": [5, 6]}, "timestamps": {"x": [0.0, 1.0]}, "filled": {}}
    >>> [event["data"] for event in unpack_page(page)]
    [{'x': 5}, {'x': 6}]
    """
    data, timestamps = page.get("data", {}), page.get("timestamps", {})
    filled = page.get("filled") or {}
    times = page.get("time")
    for row, seq_num in enumerate(page["seq_num"]):
        yield {
            "descriptor": page["descriptor"],
            "uid": page["uid"][row],
            "seq_num": seq_num,
            "time": None if times is None else times[row],
            "data": {key: column[row] for key, column in data.items()},
            "timestamps": {key: column[row] for key, column in timestamps.items()},
            "filled": {key: column[row] for key, column in filled.items()},
        }


def page_from_events(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Make one event page of events of one descriptor that have the same keys.

    Examples
    --------
    >>> event = {"descriptor": "d", "uid": "a", "seq_num": 1, "time": 0.0, "data": {"x": 5},
    ...          "timestamps": {"x": 0.0}, "filled": {}}
    >>> page_from_events([event, event | {"seq_num": 2}])["data"]
    {'x': [5, 5]}
    """
    first = events[0]
    return {
        "descriptor": first["descriptor"],
        "uid": [event["uid"] for event in events],
        "seq_num": [event["seq_num"] for event in events],
        "time": [event["time"] for event in events],
        **{
            group: {key: [event[group][key] for event in events] for key in first.get(group) or {}}
            for group in ("data", "timestamps", "filled")
        },
    }
