"""Forks that plugins leave end with the process that made them."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest

PARENT = """
import os, time
from harness.executors.leftovers import end_forks_with_this_process

os.register_at_fork(after_in_child=lambda: time.sleep({}))
end_forks_with_this_process()
pid = os.fork()
if pid:
    time.sleep({})
    print(pid, flush=True)
    os.abort()
time.sleep(1000)
"""


@pytest.mark.parametrize(("child", "parent"), [(0.0, 0.5), (0.5, 0.0)], ids=["later", "before it is bound"])
def test_a_fork_ends_with_its_parent(child: float, parent: float) -> None:
    """The parent may end before the fork has asked the system to end it too."""
    command = [sys.executable, "-c", PARENT.format(child, parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
    end = time.monotonic() + 30
    while psutil.pid_exists(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not psutil.pid_exists(pid)
