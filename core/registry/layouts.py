"""Layouts: how an origin spreads the files of one acquisition over names and folders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

__all__ = ["Layout", "Role", "check_layout"]

_FIELD = re.compile(r"\{([^{}:]*)(:(?:0(?P<count>[1-9]))?d)?\}")


@dataclass(frozen=True)
class Role:
    """The files that play one part in an acquisition: projections, flats, a master, a log.

    Examples
    --------
    >>> flats = Role("flats", "{sample}_flat_{index:d}.tif", parameter="flats")
    >>> flats.read("tooth_flat_0007.TIF")
    {'sample': 'tooth', 'index': '0007'}
    >>> Role("flats", "flats/{name}.tif").depth
    1
    >>> Role("frames", "{name}{index:04d}.tif").read("tooth20001.tif")
    {'name': 'tooth2', 'index': '0001'}
    """

    name: str
    """What people call these files."""
    template: str
    """Their names, relative to a folder that is the same for all roles: ``{field}`` stands for
    text without a slash, ``{field:d}`` for digits, ``{field:04d}`` for four of them (where nothing
    parts them from a text that may end in digits); a field that occurs twice is the same text."""
    parameter: str | None = None
    """Keyword parameter of the ingestor's function that takes the paths. None: they are not
    passed, as the function finds them through the others (a master names its data files). The
    first role's are always the first parameter."""
    many: bool = True
    """Whether the parameter takes a list of paths; otherwise there is to be one file."""
    optional: bool = False
    """Whether an acquisition is complete without such files."""

    @cached_property
    def depth(self) -> int:
        """How many folders the template names."""
        return self.template.count("/")

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields in the template."""
        return tuple(dict.fromkeys(found[1] for found in _FIELD.finditer(self.template)))

    @cached_property
    def literals(self) -> int:
        """How many signs of the template are no fields: the more, the more it says."""
        return len(_FIELD.sub("", self.template))

    def read(self, path: str) -> dict[str, str] | None:
        """Return what stands in the fields, given a path that is relative; None if it fits not."""
        found = _compile(self.template).fullmatch(path)
        return None if found is None else found.groupdict()


@dataclass(frozen=True)
class Layout:
    """Which files make one acquisition.

    The first role is what the acquisition is of, and is there always. Fields listed in `counts`
    number files within an acquisition; all others tell acquisitions apart, and files of the other
    roles belong to those with whose fields theirs agree.

    Examples
    --------
    >>> layout = Layout((
    ...     Role("projections", "{name}_{index:d}.tif"),
    ...     Role("flats", "{name}bak_{index:d}.tif", parameter="flats"),
    ...     Role("log", "{name}.sct", parameter="log", many=False, optional=True),
    ... ))
    >>> layout.shared(layout.roles[1])
    ('name',)
    """

    roles: tuple[Role, ...]
    counts: tuple[str, ...] = ("index",)

    def keys(self, role: Role) -> tuple[str, ...]:
        """Return the fields of a role that tell acquisitions apart."""
        return tuple(name for name in role.fields if name not in self.counts)

    def shared(self, role: Role) -> tuple[str, ...]:
        """Return those of them by which the first role's files are found, too."""
        first = self.keys(self.roles[0])
        return tuple(name for name in self.keys(role) if name in first)


def check_layout(layout: Layout) -> None:
    """Raise ValueError or TypeError, with the reason, where a layout cannot be used.

    Examples
    --------
    >>> check_layout(Layout((Role("frames", "{name}_{index:d.tif"),)))
    Traceback (most recent call last):
    ...
    ValueError: the template '{name}_{index:d.tif' of role 'frames' has a stray brace
    """
    if not isinstance(layout, Layout):
        raise TypeError(f"layouts must hold Layout records, not {layout!r}")
    if not isinstance(layout.roles, tuple) or not layout.roles:
        raise TypeError("a layout needs a tuple of roles")
    if not isinstance(layout.counts, tuple):
        raise TypeError(f"counts must be a tuple of names, not {layout.counts!r}")
    for role in layout.roles:
        _check_types(role)
    names = [role.name for role in layout.roles]
    if len(set(names)) < len(names):
        raise ValueError(f"roles of a layout have the same name: {', '.join(names)}")
    for role in layout.roles:
        _check_role(role)
    if layout.roles[0].optional or layout.roles[0].parameter is not None:
        raise ValueError(
            f"the first role, {names[0]!r}, is always there, and always the first parameter"
        )
    passed = [role.parameter for role in layout.roles if role.parameter is not None]
    if len(set(passed)) < len(passed):
        raise ValueError(f"roles share a parameter: {', '.join(passed)}")
    fields = {name for role in layout.roles for name in role.fields}
    unknown = [name for name in layout.counts if name not in fields]
    if unknown and layout.counts != ("index",):
        raise ValueError(f"no template has a field {', '.join(unknown)}")


def _check_types(role: Role) -> None:
    if not isinstance(role, Role):
        raise TypeError(f"the roles of a layout must be Role records, not {role!r}")
    texts = (role.name, role.template, role.parameter or "")
    switches = (role.many, role.optional)
    if not all(isinstance(text, str) for text in texts) or not role.name or not role.template:
        raise TypeError(f"name and template of a role must be text: {role!r}")
    if not all(isinstance(switch, bool) for switch in switches):
        raise TypeError(f"many and optional of a role must be True or False: {role!r}")


def _check_role(role: Role) -> None:
    if any(sign in _FIELD.sub("", role.template) for sign in "{}"):
        raise ValueError(f"the template {role.template!r} of role {role.name!r} has a stray brace")
    if role.template.startswith("/") or ".." in role.template.split("/"):
        raise ValueError(f"the template {role.template!r} of role {role.name!r} is not relative")
    for name in role.fields:
        if not name.isidentifier():
            raise ValueError(f"{name!r} in the template of role {role.name!r} is no field name")
    if role.parameter is not None and not role.parameter.isidentifier():
        raise ValueError(f"{role.parameter!r} is no parameter")


@lru_cache(maxsize=512)
def _compile(template: str) -> re.Pattern[str]:
    parts: list[str] = []
    position = 0
    seen: set[str] = set()
    for found in _FIELD.finditer(template):
        parts.append(re.escape(template[position : found.start()]))
        name, digits = found[1], found[2]
        if name in seen:
            parts.append(f"(?P={name})")
        else:
            count = f"{{{found['count']}}}" if found["count"] else "+"
            parts.append(f"(?P<{name}>{f'[0-9]{count}' if digits else '[^/]+?'})")
        seen.add(name)
        position = found.end()
    parts.append(re.escape(template[position:]))
    return re.compile("".join(parts), re.IGNORECASE)
