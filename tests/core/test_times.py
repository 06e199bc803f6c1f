"""Times that people write: what they leave open is meant as a whole."""

from __future__ import annotations

import datetime
import itertools
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.errors import QueryError
from penstock.core.times import TimeSpan, span_of, zone_of

HOUR = 3600


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("2023", 365 * 24 * HOUR),
        ("2024", 366 * 24 * HOUR),
        ("2024-02", 29 * 24 * HOUR),
        ("2024-12", 31 * 24 * HOUR),
        ("2024-W10", 7 * 24 * HOUR),
        ("2024-W10-2", 24 * HOUR),
        ("2024-03-05", 24 * HOUR),
        ("20240305", 24 * HOUR),
        ("2024-03-05T13", HOUR),
        ("2024-03-05T13:02", 60),
        ("20240305T1302", 60),
        ("2024-03-05 13:02:07", 1),
        ("2024-03-05 13:02:07.5", 0.1),
        ("2024-03-05 13:02:07.500", 0.001),
        ("1709643720", 0),
        ("1709643720.5", 0),
        ("-1.5e3", 0),
    ],
)
def test_a_text_lasts_as_long_as_what_it_leaves_open(text: str, length: float) -> None:
    span = span_of(text)
    assert span.end - span.begin == pytest.approx(length, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-05T13:02:00Z",
        "2024-03-05 13:02:00 UTC",
        "2024-03-05T14:02:00+01:00",
        "1709643720",
        " 1709643720.0 ",
    ],
)
def test_the_same_moment_can_be_written_in_many_ways(text: str) -> None:
    assert span_of(text, ZoneInfo("Asia/Tokyo")).begin == 1709643720.0


def test_a_day_is_as_long_as_the_calendar_says() -> None:
    zurich = zone_of("Europe/Zurich")
    for day, hours in (("2024-03-31", 23), ("2024-10-27", 25), ("2024-10-28", 24)):
        for given_as in (day, datetime.date.fromisoformat(day)):
            span = span_of(given_as, zurich)
            assert span.end - span.begin == hours * HOUR


@given(st.datetimes(datetime.datetime(1971, 1, 1), datetime.datetime(9000, 1, 1)))
def test_what_is_written_shorter_holds_what_is_written_longer(when: datetime.datetime) -> None:
    text = when.isoformat(timespec="microseconds")
    spans = [span_of(text[:end]) for end in (4, 7, 10, 13, 16, 19, 21, 26)]
    for outer, inner in itertools.pairwise(spans):
        assert outer.begin <= inner.begin <= inner.end <= outer.end + 1e-3


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_that_moment(seconds: float) -> None:
    assert span_of(seconds) == TimeSpan(seconds, seconds)


def test_the_last_year_can_stand_for_ever() -> None:
    assert span_of("9999").begin == span_of("9999-01-01").begin
    assert span_of("9999-12").end > span_of("9999-12").begin


@pytest.mark.parametrize(
    "wrong",
    [
        None, True, "", "now", "NaN", "inf", "0x10", "1_000", "2024-", "2024-3", "2024-13",
        "2024-W60", "2024-03-05T25", "2024-03-05T13:", "24:00", "2024-03-05T13:02+99:00", [2024],
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_what_is_one(wrong: object) -> None:
    with pytest.raises(QueryError, match="is no time") as caught:
        span_of(wrong)
    assert "2024-03-05T13:02" in str(caught.value.remedy)


def test_what_is_too_far_away_is_refused() -> None:
    with pytest.raises(QueryError, match="too far away"):
        span_of("9999-12-31")
