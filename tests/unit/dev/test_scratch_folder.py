"""Where the suite's servers live: in memory where there is room, and gone afterwards."""

from pathlib import Path

import pytest

from dev.test import scratch_folder


@pytest.mark.parametrize(("needed_bytes", "in_memory"), [(1, True), (1 << 80, False)])
def test_memory_is_used_where_there_is_room(tmp_path: Path, needed_bytes: int, in_memory: bool):
    with scratch_folder(tmp_path, needed_bytes) as folder:
        assert (folder.parent == tmp_path) is in_memory
        assert folder.stat().st_mode & 0o777 == 0o711  # another user may walk in to what it is told of, and not look
        (folder / "left behind").touch()
    assert not folder.exists()


def test_a_machine_without_such_memory_uses_its_disk(tmp_path: Path):
    with scratch_folder(tmp_path / "missing", 1) as folder:
        assert folder.is_dir()
