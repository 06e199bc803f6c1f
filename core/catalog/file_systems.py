"""What a file system is like: this machine's alone or a network's, and whether it takes writing."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

__all__ = ["is_frozen", "is_network", "is_read_only"]

# fmt: off
_LOCAL = frozenset((
    "apfs", "aufs", "bcachefs", "btrfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs",
    "fuseblk", "hfs", "hfsplus", "iso9660", "jfs", "msdos", "ntfs", "ntfs3", "overlay", "ramfs",
    "reiserfs", "rootfs", "squashfs", "tmpfs", "udf", "ufs", "vfat", "xfs", "zfs",
))
# fmt: on
"""Types of file systems that one machine has to itself. What is not known counts as a network's."""


def is_network(path: str) -> bool:
    """Tell whether other machines may have the same files open.

    Examples
    --------
    >>> is_network("/proc/self")
    True
    """
    kind = _kind_of(os.path.realpath(path))
    return kind is not None and kind not in _LOCAL


def is_read_only(path: str) -> bool:
    """Tell whether the medium takes no writing from here.

    Examples
    --------
    >>> is_read_only("/tmp")
    False
    """
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def is_frozen(path: str) -> bool:
    """Tell whether nobody can write to the medium, neither another machine nor by another mount.

    Examples
    --------
    >>> is_frozen("/tmp")
    False
    """
    if not is_read_only(path) or is_network(path):
        return False
    mount = _mount_of(os.path.realpath(path)) if sys.platform.startswith("linux") else None
    return mount is not None and "ro" in mount.options


class _Mount(NamedTuple):
    kind: str
    options: list[str]
    """Of the file system itself: it may be written though one of its mounts may not."""


def _kind_of(path: str) -> str | None:
    """Return the type of the file system that holds a real path; None where nothing tells."""
    if not sys.platform.startswith("linux"):
        return _ask_psutil(path)
    mount = _mount_of(path)
    return None if mount is None else mount.kind


def _mount_of(path: str) -> _Mount | None:
    """Return what Linux tells of the file system that holds a real path."""
    try:
        with open("/proc/self/mountinfo", "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    best, found = -1, None
    for line in lines:
        fields, _, rest = line.partition(b" - ")
        point = os.fsdecode(_unescaped(fields.split(b" ")[4]))
        # Of several mounts on one point the last one counts.
        if _holds(point, path) and len(point) >= best:
            kind, _, options = os.fsdecode(rest).split(" ")[:3]
            best, found = len(point), _Mount(kind, options.split(","))
    return found


def _unescaped(text: bytes) -> bytes:
    for sign in (b" ", b"\t", b"\n", b"\\"):
        text = text.replace(b"\\%03o" % sign[0], sign)
    return text


def _holds(point: str, path: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")


def _ask_psutil(path: str) -> str | None:
    import psutil

    held = [part for part in psutil.disk_partitions(all=True) if _holds(part.mountpoint, path)]
    if not held:
        return None
    return str(max(held, key=lambda part: len(part.mountpoint)).fstype).lower()
