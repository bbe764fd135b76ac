"""A child process that we started, recognised again after a crash of ours, and stopped by its own id only."""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dev.console import DevError
from dev.packages import last_lines

POLL_S = 0.05


def started_at(pid: int) -> str | None:
    """When the process began, as the system tells it; None where there is no such process.

    With the id it names one process for ever: ids are used again, the pair is not.
    """
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] == "Z" else fields[19]
    listed = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True)
    return listed.stdout.strip() or None


def run_as(user: str | None) -> dict[str, Any]:
    """Arguments of `subprocess` for another user (only root may); none for None."""
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}


def wait_until(condition: Callable[[], bool], deadline_s: float) -> bool:
    """Poll until the condition holds; False when the deadline passes first."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)
    return True


class OwnedProcess:
    """One child in a process group of its own (Ctrl-C in the terminal reaches us, not it)."""

    def __init__(self, name: str, pid_file: Path, log: Path) -> None:
        self.name = name
        self.log = log
        self._pid_file = pid_file
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._child.poll() if self._child else None

    def start(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path | None = None, user: str | None = None
    ) -> None:
        """Start the child; what it prints goes to `log`. A left-over of an earlier run is stopped first."""
        self.stop_leftover()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                list(argv),
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **run_as(user),
            )
        self._pid_file.write_text(json.dumps({"pid": self._child.pid, "started": started_at(self._child.pid)}))

    def stop(self, grace_s: float, ask: int = signal.SIGTERM) -> None:
        """Ask the child to end; after the grace end its whole group."""
        if self._child is None:
            return
        if self.is_running:
            self._child.send_signal(ask)
        self.wait_or_kill(grace_s)

    def wait_or_kill(self, grace_s: float) -> None:
        """Wait for a child that was asked to end; after the grace end its whole group."""
        if self._child is None:
            return
        try:
            self._child.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.kill()
        self._forget()

    def kill(self) -> None:
        """kill -9 of the child and of its group."""
        if self._child is None:
            return
        if self.is_running:
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self._forget()

    def failure(self, what: str, advice: str) -> DevError:
        """An error that names the log file and shows its end."""
        return DevError(f"{self.name} {what}. The last lines of {self.log}:\n{last_lines(self.log)}\n  {advice}")

    def stop_leftover(self) -> None:
        """End the process that an earlier run of ours left behind, if it still is that very process."""
        if not self._pid_file.exists():
            return
        known = json.loads(self._pid_file.read_text())
        pid = known["pid"]
        if known["started"] and started_at(pid) == known["started"]:
            os.killpg(pid, signal.SIGTERM)
            if not wait_until(lambda: started_at(pid) is None, deadline_s=15):
                os.killpg(pid, signal.SIGKILL)
        self._pid_file.unlink()

    def _forget(self) -> None:
        self._child = None
        self._pid_file.unlink(missing_ok=True)
