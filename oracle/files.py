"""Durable steps: every write, fsync and rename of the oracle passes here, so that a test can count and break each."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

_OPEN_AT_ONCE = 64

Step = Callable[[str], None]
"""Called with the name of a step just before it is done; may raise OSError or end the process."""


def no_step(name: str) -> None:
    """Nothing happens between the steps in normal work."""


def begin_writing(descriptor: int) -> None:
    """Lets the system begin to write a file's pages to the disk (Linux does so before it may drop them)."""
    if sys.platform == "linux":
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


class Files:
    """File operations of one home. `step` is called before each; SQL transactions call it as well."""

    def __init__(self, step: Step = no_step) -> None:
        self.step = step

    def write(self, path: Path, data: bytes) -> None:
        """Creates `path` with `data` and waits until it is on the disk (fsync); the name is not durable yet."""
        self._write_all([(str(path), data)])

    def _write_all(self, contents: list[tuple[str, bytes]]) -> None:
        """All are written before the first fsync, so that the disk takes them in few commits of its journal."""
        descriptors: list[tuple[int, str]] = []
        try:
            for path, data in contents:
                name = path.rpartition("/")[2]
                self.step(f"open {name}")
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
                descriptors.append((descriptor, name))
                self.step(f"write {name}")
                written = os.write(descriptor, data)
                while written < len(data):
                    written += os.write(descriptor, memoryview(data)[written:])
            if len(descriptors) > 1:  # the writes of all begin before the first is waited for
                for descriptor, _ in descriptors:
                    begin_writing(descriptor)
            for descriptor, name in descriptors:
                self.step(f"fsync {name}")
                os.fsync(descriptor)
        finally:
            for descriptor, _ in descriptors:
                os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Atomically gives the file its name; durable after `fsync_directory(target.parent)`."""
        self._rename(str(source), str(target))

    def _rename(self, source: str, target: str) -> None:
        self.step(f"rename {target.rpartition('/')[2]}")
        os.replace(source, target)  # noqa: PTH105 - a Path for each file of a log costs more than its bytes

    def fsync_directory(self, path: Path) -> None:
        """Makes the names in a directory durable."""
        self.step(f"fsync directory {path.name}")
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def make_directories(self, path: Path) -> None:
        """Makes `path` and its missing parents, each durable in its own parent."""
        missing = []
        while not path.is_dir():
            missing.append(path)
            path = path.parent
        for directory in reversed(missing):
            self.step(f"mkdir {directory.name}")
            directory.mkdir(exist_ok=True)
            self.fsync_directory(directory.parent)

    def remove_tree(self, path: Path) -> None:
        """Removes a folder that is no longer needed; need not be durable, for it is found again."""
        self.step(f"remove {path.name}")
        shutil.rmtree(path, ignore_errors=True)

    def put_all(self, root: Path, scratch: Path, contents: Iterable[tuple[str, bytes]]) -> None:
        """Makes the files `root/<name>` durable, each whole or absent; `scratch` is on the same file system.

        Nothing but whole files ever appears under `root`. OSError leaves some of the files written.
        """
        folders: dict[str, Path] = {}
        ready: list[tuple[str, str]] = []
        open_now: list[tuple[str, bytes]] = []
        for number, (name, data) in enumerate(contents):
            folder = name.rpartition("/")[0]
            if folder not in folders:
                folders[folder] = root / folder
                self.make_directories(folders[folder])
            source = f"{scratch}/{number}.tmp"
            ready.append((source, f"{root}/{name}"))
            open_now.append((source, data))
            if len(open_now) == _OPEN_AT_ONCE:
                self._write_all(open_now)
                open_now = []
        self._write_all(open_now)
        for source, target in ready:
            self._rename(source, target)
        for parent in folders.values():
            self.fsync_directory(parent)
