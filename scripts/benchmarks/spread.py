"""Keeps the folders of the benchmarks apart on the disk."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import sys
from pathlib import Path

# linux/fs.h FS_IOC_GETFLAGS, FS_IOC_SETFLAGS; FS_TOPDIR_FL is what `chattr +T` sets
_GET_FLAGS, _SET_FLAGS, _TOP_OF_A_HIERARCHY = 0x80086601, 0x40086602, 0x00020000


def spread_subfolders(folder: Path) -> None:
    """Asks ext4 to put each subfolder into a part of the disk of its own; elsewhere nothing happens.

    For five minutes ext4 does not use the inode of a removed file again, and looks at each of them whenever a file is
    made in the same part: after many removals there, a run before this one among them, making a file costs fifty
    times the usual, and a benchmark would measure that.
    """
    if sys.platform != "linux":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):
            (flags,) = struct.unpack("l", fcntl.ioctl(descriptor, _GET_FLAGS, bytes(8)))
            fcntl.ioctl(descriptor, _SET_FLAGS, struct.pack("l", flags | _TOP_OF_A_HIERARCHY))
    finally:
        os.close(descriptor)
