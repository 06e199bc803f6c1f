"""Sequence numbers: one count for all descriptors of a stream's name."""

from __future__ import annotations

__all__ = ["SeqNumCounter", "SeqNums"]


class SeqNumCounter:
    """Counts the rows of all streams of one name.

    Examples
    --------
    >>> SeqNumCounter().count
    0
    """

    def __init__(self) -> None:
        self.count = 0
        """How many rows have a sequence number."""


class SeqNums:
    """The sequence numbers of one descriptor's rows, given out when the rows are composed.

    Examples
    --------
    >>> counter = SeqNumCounter()
    >>> first, second = SeqNums(counter), SeqNums(counter)
    >>> first.stretches(0, 2), second.stretches(0, 1), first.stretches(0, 3)
    ([(1, 3)], [(3, 4)], [(1, 3), (4, 5)])
    """

    def __init__(self, counter: SeqNumCounter) -> None:
        self.rows = 0
        """How many rows have one."""
        self._counter = counter
        self._stretches: list[tuple[int, int, int]] = []  # first row, first number, rows

    def stretches(self, first: int, stop: int) -> list[tuple[int, int]]:
        """Return the half-open stretches of numbers that the rows from `first` to `stop` have."""
        self._extend(stop - self.rows)
        found = []
        for row, number, rows in self._stretches:
            low, high = max(first, row), min(stop, row + rows)
            if low < high:
                found.append((number + low - row, number + high - row))
        return found

    def _extend(self, more: int) -> None:
        if more <= 0:
            return
        next_number = self._counter.count + 1
        if self._stretches and sum(self._stretches[-1][1:]) == next_number:
            row, number, rows = self._stretches[-1]
            self._stretches[-1] = (row, number, rows + more)
        else:
            self._stretches.append((self.rows, next_number, more))
        self._counter.count += more
        self.rows += more
