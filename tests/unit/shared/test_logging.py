"""What nobody caught, and what libraries say of it, reaches the log without the text that it carries."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

SECRET = "Zuleica Xanadu"
PROGRAM = f"""
import asyncio, gc, threading, warnings
from shared.logging import configure_logging
from shared.settings import PlatformSettings

def fail():
    raise ValueError("{SECRET}")

async def forget():
    asyncio.get_running_loop().call_soon(lambda name: 1 / 0, "{SECRET}")
    task = asyncio.create_task(asyncio.to_thread(fail))
    await asyncio.wait([task])
    del task
    gc.collect()

configure_logging(PlatformSettings(_env_file=None, log_format="json"), "test")
warnings.warn("serializer\\n  input_value={SECRET}")
asyncio.run(forget())
thread = threading.Thread(target=fail)
thread.start()
thread.join()
fail()
"""


def test_no_hook_of_python_prints_the_text_of_an_exception() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert SECRET not in done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    ours = [line for line in lines if line["event"] != "library_message"]
    assert [(line["event"], line["exception"]) for line in ours] == [
        ("uncaught_exception_in_thread", "ValueError"),
        ("uncaught_exception", "ValueError"),
    ]
    assert all("<string>:7" in line["where"] for line in ours)
    theirs = [(line["level"], line["logger"], line["message"]) for line in lines if line not in ours]
    beginnings = [
        ("error", "asyncio", "Exception in callback forget"),
        ("error", "asyncio", "Task exception was never retrieved\nValueError at <string>:7"),
        ("warning", "py.warnings", "<string>:17: UserWarning: serializer"),
    ]
    for level, logger, words in beginnings:
        assert any(found[:2] == (level, logger) and found[2].startswith(words) for found in theirs), words


TALKATIVE = f"""
import logging
from shared.logging import configure_logging
from shared.settings import PlatformSettings

configure_logging(PlatformSettings(_env_file=None, log_format="json"), "test")
import LIBRARY
assert logging.getLogger("LIBRARY").isEnabledFor(logging.DEBUG)
logging.getLogger("LIBRARY._base_client").debug("Request options: %s", "{SECRET}")
logging.getLogger("httpx").info("HTTP Request: %s", "{SECRET}")
"""


@pytest.mark.parametrize("library", ["openai", "anthropic"])
def test_no_switch_of_a_provider_s_library_makes_it_print_prompts(library: str) -> None:
    """They read it when they are imported, after our own logging was set up."""
    environment = os.environ | {f"{library.upper()}_LOG": "debug"}
    program = TALKATIVE.replace("LIBRARY", library)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


TOGETHER = """
import os, structlog
from shared.logging import configure_logging
from shared.settings import PlatformSettings

configure_logging(PlatformSettings(_env_file=None, log_format="json"), "test")
os.fork()
os.fork()
for number in range(1000):
    structlog.get_logger("test").warning("line", count=number)
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_processes_that_share_a_log_never_write_into_each_others_lines(unbuffered: str) -> None:
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run([sys.executable, "-c", TOGETHER], capture_output=True, text=True, check=True, env=environment)
    lines = done.stderr.splitlines()
    assert len(lines) == 4 * 1000
    assert {json.loads(line)["event"] for line in lines} == {"line"}
