"""We stop what we started, also after a crash of ours, and nothing else."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.owned_process import OwnedProcess, started_at, wait_until

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[OwnedProcess]:
    owned = OwnedProcess("sleeper", tmp_path / "pid", tmp_path / "log")
    yield owned
    owned.kill()


def begin(process: OwnedProcess, argv: list[str]) -> int:
    process.start(argv, os.environ)
    assert wait_until(lambda: process.log.read_text().endswith("up\n"), deadline_s=10)
    assert process.pid
    return process.pid


def test_stop_ends_it(process: OwnedProcess):
    pid = begin(process, SLEEPER)
    process.stop(grace_s=10)
    assert started_at(pid) is None
    assert not process.is_running


def test_stop_kills_what_does_not_listen(process: OwnedProcess):
    pid = begin(process, STUBBORN)
    process.stop(grace_s=0.1)
    assert started_at(pid) is None


def test_ctrl_c_in_our_terminal_does_not_reach_it(process: OwnedProcess):
    pid = begin(process, SLEEPER)
    assert os.getpgid(pid) != os.getpgid(0)


def test_left_over_of_a_crashed_run_is_ended(process: OwnedProcess, tmp_path: Path):
    pid = begin(process, SLEEPER)
    OwnedProcess("sleeper", tmp_path / "pid", tmp_path / "log").stop_leftover()
    assert process.exit_code == -signal.SIGTERM
    assert started_at(pid) is None


def test_a_stranger_with_the_same_id_is_left_alone(tmp_path: Path):
    stranger = subprocess.Popen(SLEEPER, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        (tmp_path / "pid").write_text(json.dumps({"pid": stranger.pid, "started": "another time"}))
        OwnedProcess("sleeper", tmp_path / "pid", tmp_path / "log").stop_leftover()
        assert stranger.poll() is None
        assert not (tmp_path / "pid").exists()
    finally:
        stranger.kill()
        stranger.wait()


def test_failure_shows_the_end_of_the_log(process: OwnedProcess):
    process.start([sys.executable, "-c", "print('the reason')"], os.environ)
    assert wait_until(lambda: not process.is_running, deadline_s=10)
    failure = str(process.failure("ended", "Do this."))
    assert "the reason" in failure
    assert str(process.log) in failure
    assert "Do this." in failure
