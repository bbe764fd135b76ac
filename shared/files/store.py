"""Bytes on a local or shared folder, under names that we make.

A file appears under its key only when it is whole and durable: drafts are written beside, synced, then renamed.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self
from uuid import uuid4

import structlog

from shared.errors import FilesUnavailable

_log = structlog.get_logger(__name__)
_DRAFTS = "drafts"
_DRAFT_LIVES_S = 86_400.0


@contextmanager
def _translated() -> Iterator[None]:
    """Turn a disk that is full or away into FilesUnavailable."""
    try:
        yield
    except OSError as error:
        _log.error("files_unavailable", reason=error.strerror)
        raise FilesUnavailable(f"nada foi gravado ({error.strerror})") from error


class Draft:
    """A file being received. Use it as a context: what was not kept is gone at its end.

    Whatever is done with it raises FilesUnavailable when the disk is full or away.
    """

    @_translated()
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = uuid4().hex
        self._path = folder / _DRAFTS / self._name
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("xb")
        self._digest = hashlib.sha256()
        self.size = 0

    def __enter__(self) -> Self:
        return self

    @_translated()
    def __exit__(self, *_: object) -> None:
        try:
            self._file.close()  # writes what is buffered, so a full disk speaks up here too
        finally:
            self._path.unlink(missing_ok=True)

    @property
    def key(self) -> str:
        """Under which `keep` puts it."""
        return f"{self._name[:2]}/{self._name}"

    @property
    def sha256(self) -> str:
        """Hexadecimal digest of what was written so far."""
        return self._digest.hexdigest()

    @_translated()
    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)

    @_translated()
    def head(self, count: int) -> bytes:
        """The first `count` bytes written."""
        self._file.flush()
        with self._path.open("rb") as written:
            return written.read(count)

    @_translated()
    def sync(self) -> None:
        """Bring the bytes to the disk, so that `keep` has little left to do."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def keep(self) -> str:
        """Make it durable under its key, which is returned."""
        self.sync()
        final = self._folder / self.key
        with _translated():
            final.parent.mkdir(exist_ok=True)
            self._path.rename(final)
            for folder in (final.parent, self._folder):
                _sync_folder(folder)
        return self.key


class FileStore:
    """The folder of all uploads, shared by the API and the workers (`FILES_DIR`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def draft(self) -> Draft:
        return Draft(self._folder)

    def path(self, key: str) -> Path:
        """Where the bytes lie."""
        return self._folder / key

    def open(self, key: str) -> BinaryIO:
        """The bytes, for reading. Raises FileNotFoundError when the upload was deleted meanwhile."""
        return self.path(key).open("rb")

    def delete(self, key: str) -> None:
        """Remove the bytes; a second time changes nothing."""
        self.path(key).unlink(missing_ok=True)

    def forget_drafts(self) -> None:
        """Remove drafts whose process died more than a day ago."""
        oldest = time.time() - _DRAFT_LIVES_S
        for draft in (self._folder / _DRAFTS).glob("*"):
            with suppress(FileNotFoundError):  # its request ended meanwhile
                if draft.stat().st_mtime < oldest:
                    draft.unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
