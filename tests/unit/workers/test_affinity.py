"""Consumers are spread over the CPUs that the process may use."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import os
from workers.affinity import pin
allowed = sorted(os.sched_getaffinity(0))
pin({place})
assert os.sched_getaffinity(0) == {{allowed[{place} % len(allowed)]}}
"""


@pytest.mark.parametrize("place", [0, 1, 7])
def test_a_process_is_kept_on_one_cpu_it_may_use(place: int) -> None:
    subprocess.run([sys.executable, "-c", CODE.format(place=place)], check=True)
