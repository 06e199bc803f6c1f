"""The public face: every name that it promises is there."""

from __future__ import annotations

import pytest

import penstock


@pytest.mark.parametrize("name", penstock.__all__)
def test_every_public_name_can_be_had(name: str) -> None:
    assert getattr(penstock, name) is not None
    assert name in dir(penstock)


def test_a_name_that_does_not_exist_is_told() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        penstock.no_such_name  # noqa: B018
