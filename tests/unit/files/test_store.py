"""A file appears under its key only when it is whole."""

from __future__ import annotations

import hashlib
import os
import resource
import time
from pathlib import Path

import pytest

from shared.errors import FilesUnavailable
from shared.files.store import FileStore


def _all_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_was_kept_can_be_read(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    with store.draft() as draft:
        draft.write(b"nome;cpf\n")
        draft.write(b"Rosa;1\n")
        key = draft.keep()
    with store.open(key) as kept:
        content = kept.read()
    assert content == b"nome;cpf\nRosa;1\n"
    assert (draft.size, draft.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert _all_files(tmp_path) == [store.path(key)]


def test_what_was_not_kept_is_gone(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), FileStore(tmp_path).draft() as draft:
        draft.write(b"metade")
        raise RuntimeError
    assert _all_files(tmp_path) == []


def test_a_full_disk_keeps_no_draft(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(FilesUnavailable), FileStore(tmp_path).draft() as draft:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
            draft.write(b"x" * 5000)
            draft.sync()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert _all_files(tmp_path) == []


def test_only_old_drafts_are_forgotten(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.draft().write(b"morreu ontem")
    old = _all_files(tmp_path)[0]
    os.utime(old, (time.time() - 90_000, time.time() - 90_000))
    with store.draft() as current:
        store.forget_drafts()
        assert not old.exists()
        current.write(b"ainda chega")
        key = current.keep()
    assert store.path(key).read_bytes() == b"ainda chega"


def test_deleting_twice_changes_nothing(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    with store.draft() as draft:
        key = draft.keep()
    store.delete(key)
    store.delete(key)
    with pytest.raises(FileNotFoundError):
        store.open(key)
