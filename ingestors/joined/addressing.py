"""A part's documents under the joined run: other uids, and other names where two parts clash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...core.documents import child_uid
from ...core.documents.uids import event_uids
from .layout import counts_frames
from .parts import Part

__all__ = ["Address", "addresses", "uids_of"]


@dataclass
class Address:
    """How the documents of one part are told in the joined run."""

    run: str
    part: Part
    keys: dict[str, str]
    """Data keys that have another name there."""
    objects: dict[str, str]
    """Objects that have another name there."""
    streams: dict[str, str]
    """Names of streams."""
    _descriptors: dict[str, str] = field(default_factory=dict)
    _resources: dict[str, str] = field(default_factory=dict)
    _datums: dict[str, str] = field(default_factory=dict)
    _pieces: Counter[str] = field(default_factory=Counter)

    def uid(self, *path: str | int) -> str:
        """Return a uid inside of the joined run that no other part has."""
        uid: str = child_uid(self.run, "part", self.part.uid, *path)
        return uid

    def key(self, key: str) -> str:
        """Return the name of a data key in the joined run."""
        return self.keys.get(key, key)

    def tell(self, name: str, doc: dict[str, Any]) -> dict[str, Any]:
        """Return a document as the joined run has it; uids follow from the order of documents."""
        return _TELLERS[name](self, doc)

    def point(self, uid: str, joined: str) -> None:
        """Let what refers to a descriptor of the part refer to one of the joined run."""
        self._descriptors[uid] = joined

    # Documents -------------------------------------------------------------------------------

    def descriptor(self, doc: dict[str, Any]) -> dict[str, Any]:
        """Tell a descriptor."""
        uid = self._descriptors.get(doc["uid"])
        if uid is None:
            uid = self.uid("descriptor", len(self._descriptors))
            self.point(doc["uid"], uid)
        return {
            **doc,
            **self.described(doc),
            "uid": uid,
            "run_start": self.run,
            "name": self.streams[doc.get("name", "primary")],
        }

    def described(self, doc: dict[str, Any], *, without: Iterable[str] = ()) -> dict[str, Any]:
        """Return what a descriptor says of its data keys and objects, but for some keys."""
        left_out = set(without)
        data_keys = {
            self.key(key): self._data_key(value)
            for key, value in doc["data_keys"].items()
            if key not in left_out
        }
        told: dict[str, Any] = {"data_keys": data_keys}
        gone: set[str] = set()
        if "object_keys" in doc:
            told["object_keys"] = {}
            for owner, keys in doc["object_keys"].items():
                kept = [self.key(key) for key in keys if key not in left_out]
                if kept or not keys:
                    told["object_keys"][self._object(owner)] = kept
                else:
                    gone.add(owner)
        for group in ("configuration", "hints"):
            if group in doc:
                told[group] = {
                    self._object(owner): self._hint(value, left_out) if group == "hints" else value
                    for owner, value in doc[group].items()
                    if owner not in gone
                }
        return told

    def _object(self, name: str) -> str:
        return self.objects.get(name, name)

    def _data_key(self, data_key: dict[str, Any]) -> dict[str, Any]:
        owner = data_key.get("object_name")
        return data_key if owner is None else {**data_key, "object_name": self._object(owner)}

    def _hint(self, hint: Any, left_out: set[str]) -> Any:
        if not isinstance(hint, Mapping) or "fields" not in hint:
            return hint
        fields = [self.key(key) for key in hint["fields"] if key not in left_out]
        return {**hint, "fields": fields}

    def _event(self, doc: dict[str, Any]) -> dict[str, Any]:
        uid = self._descriptors[doc["descriptor"]]
        (event_uid,) = uids_of(uid, [doc["seq_num"]])
        return {**doc, "uid": event_uid, "descriptor": uid, **self.columns(doc)}

    def _event_page(self, doc: dict[str, Any]) -> dict[str, Any]:
        uid = self._descriptors[doc["descriptor"]]
        return {
            **doc,
            "uid": uids_of(uid, doc["seq_num"]),
            "descriptor": uid,
            **self.columns(doc),
        }

    def columns(self, doc: dict[str, Any]) -> dict[str, Any]:
        """Return the values of an event or a page, and what is said of each."""
        data = dict(doc["data"])
        for key, flag in (doc.get("filled") or {}).items():
            if flag is False:
                data[key] = self._datums[data[key]]
            elif isinstance(flag, list) and False in flag:
                data[key] = [
                    self._datums[value] if filled is False else value
                    for value, filled in zip(data[key], flag, strict=True)
                ]
        return {
            group: {self.key(key): value for key, value in values.items()}
            for group, values in (
                ("data", data),
                ("timestamps", doc.get("timestamps") or {}),
                ("filled", doc.get("filled") or {}),
            )
        }

    def _resource(self, doc: dict[str, Any]) -> dict[str, Any]:
        uid = self._new_resource(doc["uid"])
        return {**doc, "uid": uid, "run_start": self.run}

    def _stream_resource(self, doc: dict[str, Any]) -> dict[str, Any]:
        return {**self._resource(doc), "data_key": self.key(doc["data_key"])}

    def _new_resource(self, uid: str) -> str:
        if uid not in self._resources:
            self._resources[uid] = self.uid("resource", len(self._resources))
        return self._resources[uid]

    def _stream_datum(self, doc: dict[str, Any]) -> dict[str, Any]:
        resource = self._resources[doc["stream_resource"]]
        number = self._pieces[resource]
        self._pieces[resource] += 1
        return {
            **doc,
            "uid": f"{resource}/{number}",
            "stream_resource": resource,
            "descriptor": self._descriptors[doc["descriptor"]],
        }

    def _datum(self, doc: dict[str, Any]) -> dict[str, Any]:
        return {
            **doc,
            "resource": self._new_resource(doc["resource"]),
            "datum_id": self._new_datum(doc["datum_id"]),
        }

    def _datum_page(self, doc: dict[str, Any]) -> dict[str, Any]:
        return {
            **doc,
            "resource": self._new_resource(doc["resource"]),
            "datum_id": [self._new_datum(datum_id) for datum_id in doc["datum_id"]],
        }

    def _new_datum(self, datum_id: str) -> str:
        if datum_id not in self._datums:
            self._datums[datum_id] = self.uid("datum", len(self._datums))
        return self._datums[datum_id]


_TELLERS: dict[str, Callable[[Address, dict[str, Any]], dict[str, Any]]] = {
    "descriptor": Address.descriptor,
    "event": Address._event,
    "event_page": Address._event_page,
    "resource": Address._resource,
    "stream_resource": Address._stream_resource,
    "stream_datum": Address._stream_datum,
    "datum": Address._datum,
    "datum_page": Address._datum_page,
}


def uids_of(descriptor: str, numbers: Sequence[int]) -> list[str]:
    """Return the uids of events of a descriptor, by their sequence numbers.

    Examples
    --------
    >>> uids_of("d", [1, 2]) == [*uids_of("d", [1]), *uids_of("d", [2])]
    True
    """
    parent = child_uid(descriptor, "event")
    first, count = (numbers[0], len(numbers)) if len(numbers) else (1, 0)
    if list(numbers) == list(range(first, first + count)):
        return event_uids(parent, first, count)
    return [event_uids(parent, number, 1)[0] for number in numbers]


def addresses(
    run: str, parts: Iterable[Part], names: Mapping[tuple[str, str], str]
) -> dict[str, Address]:
    """Return how each part's documents are told, by part."""
    present = [part for part in parts if part.source is not None]
    own = {part.name: _keys_of(part) for part in present}
    shared = {
        key
        for key in set().union(*own.values())
        if all(counts_frames(key, keys[key]) for keys in own.values() if key in keys)
    }
    keys = _renamed({part: set(found) for part, found in own.items()}, shared)
    objects = _renamed({part.name: _objects_of(part) for part in present}, shared)
    return {
        part.name: Address(
            run,
            part,
            keys[part.name],
            objects[part.name],
            {stream: name for (owner, stream), name in names.items() if owner == part.name},
        )
        for part in present
    }


def _keys_of(part: Part) -> dict[str, dict[str, Any]]:
    return {
        key: data_key
        for stream in part.reader.streams.values()
        for key, data_key in stream.data_keys.items()
    }


def _objects_of(part: Part) -> set[str]:
    return {
        owner
        for stream in part.reader.streams.values()
        for doc in stream.descriptors
        for group in ("object_keys", "configuration", "hints")
        for owner in doc.get(group, ())
    }


def _renamed(found: dict[str, set[str]], shared: set[str]) -> dict[str, dict[str, str]]:
    """Return other names for what two parts call alike: the part's name comes in front.

    What counts frames keeps its name: it is the same for all.
    """
    counts = Counter(name for names in found.values() for name in names)
    taken = set(counts)
    renamed: dict[str, dict[str, str]] = {}
    for part, names in found.items():
        renamed[part] = {}
        for name in sorted(names):
            if counts[name] > 1 and name not in shared:
                other = f"{part}_{name}"
                while other in taken:
                    other += "_"
                taken.add(other)
                renamed[part][name] = other
    return renamed
