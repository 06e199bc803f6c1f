"""What a Bluesky run's start document said, as NeXus files keep it: scalars, and YAML as text."""

from __future__ import annotations

from typing import Any

import yaml

from ...core.documents import validate
from ...core.errors import DocumentError

__all__ = ["RESERVED", "parse_yaml", "within_start"]

RESERVED = frozenset({"uid", "run_start_uid", "time", "hints", "detectors", "motors", "notes"})
"""Keys of the start document that mean the run itself, or that documents are checked by."""
_LONGEST = 64 * 1024


class _PlainLoader(yaml.SafeLoader):  # type: ignore[misc] # PyYAML has no annotations
    """Loads plain values; an alias could make a short text a huge value, and is refused."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not expanded")
        return super().compose_node(parent, index)


def parse_yaml(text: str) -> Any:
    r"""Return the value of a YAML text; the text itself where it is not a list or mapping.

    Examples
    --------
    >>> parse_yaml("- a\n- 1\n"), parse_yaml("just text"), parse_yaml("{broken")
    (['a', 1], 'just text', '{broken')
    """
    if len(text) > _LONGEST or not ("\n" in text or text[:1] in "[{-"):
        return text
    try:
        value = yaml.load(text, _PlainLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return text
    return value if isinstance(value, list | dict) else text


def within_start(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return metadata as a start document may have them; those it may not, under ``bluesky``.

    Examples
    --------
    >>> within_start({"plan_name": "count", "time": "noon", "sample": "Cu", "scan_id": "x"})
    {'plan_name': 'count', 'sample': {'name': 'Cu'}, 'bluesky': {'time': 'noon', 'scan_id': 'x'}}
    """
    apart = {key: value for key, value in metadata.items() if not _is_allowed(key, value)}
    result = {key: value for key, value in metadata.items() if key not in apart}
    if isinstance(result.get("sample"), str):
        result["sample"] = {"name": result["sample"]}
    return result | ({"bluesky": apart} if apart else {})


def _is_allowed(key: str, value: Any) -> bool:
    if key in RESERVED:
        return False
    try:
        validate("start", {"uid": "x", "time": 0.0, key: value})
    except DocumentError:
        return False
    return True
