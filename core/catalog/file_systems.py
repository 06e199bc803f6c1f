"""What a file system is like: this machine's alone or a network's, and whether it takes writing."""

from __future__ import annotations

import os
import sys

__all__ = ["is_network", "is_read_only"]

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
    """Tell whether the medium takes no writing at all, whoever asks.

    Examples
    --------
    >>> is_read_only("/tmp")
    False
    """
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _kind_of(path: str) -> str | None:
    """Return the type of the file system that holds a real path; None where nothing tells."""
    if not sys.platform.startswith("linux"):
        return _ask_psutil(path)
    try:
        with open("/proc/self/mountinfo", "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    best, kind = -1, None
    for line in lines:
        fields, _, rest = line.partition(b" - ")
        point = os.fsdecode(_unescaped(fields.split(b" ")[4]))
        # Of several mounts on one point the last one counts.
        if _holds(point, path) and len(point) >= best:
            best, kind = len(point), os.fsdecode(rest.split(b" ")[0])
    return kind


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
