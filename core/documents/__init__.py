"""Bluesky Event Model documents: composing, checking, normalising and paging them."""

from ..lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "Document": ".types",
        "START_BYTES": ".measuring",
        "RunComposer": ".compose",
        "StreamComposer": ".compose",
        "array_key": ".keys",
        "check_parts": ".required",
        "child_uid": ".uids",
        "column_key": ".keys",
        "json_bytes": ".measuring",
        "may_be_masked": ".masks",
        "normalise": ".normalising",
        "page_from_events": ".pages",
        "safe_key": ".keys",
        "safe_metadata": ".keys",
        "unmasked": ".masks",
        "unmasked_dtype": ".masks",
        "unpack_page": ".pages",
        "validate": ".validating",
    },
)
