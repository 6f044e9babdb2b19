"""Ctrl-C and SIGTERM at any moment after the command line was entered: one line, status 130, no traceback."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.driver.tiny_suite import SUITE

LONG = SUITE.replace("steps = 600", "steps = 2_000_000").replace("tolerances = [0.5, 0.1]", "tolerances = [0.5, 1e-9]")
LONG = LONG.replace("report_tolerance = 0.1", "report_tolerance = 1e-9").replace('"output-only"', '"moderate-sgd"')
ENTERED = (
    "import sys; from harness.cli import main; sys.argv = ['harness', 'run', 'long.toml', '--workers', '2'];"
    "print('entered', flush=True); main()"
)


GREETING = (
    "import os, sys; from harness.cli import main; import harness.executors.dask_scheduler as there\n"
    "greet, ours = there.greet, os.dup(1)\n"
    "def said(address): os.write(ours, b'greeting\\n'); greet(address)\n"
    "there.greet = said; sys.argv = ['harness', 'run', 'long.toml', '--scheduler', sys.argv[1]]; main()"
)

STARTING = (
    "import os; import multiprocessing.context as context; import multiprocessing.forkserver as there\n"
    "from harness.cli import main\n"
    "there.set_forkserver_preload(['slow']); context.ForkServerContext.set_forkserver_preload = lambda *_: None\n"
    "read, ours = there.read_signed, os.dup(1)\n"
    "def said(pipe): os.write(ours, b'starting\\n'); return read(pipe)\n"
    "there.read_signed = said; import sys; sys.argv = ['harness', 'run', 'long.toml', *sys.argv[1:]]; main()"
)


def interrupted(program: list[str], ready: str, delay: float, how: signal.Signals, folder: Path) -> tuple[str, float]:
    """Run a program, signal it ``delay`` seconds after it is ready; return what it said, and how long it took then."""
    (folder / "long.toml").write_text(LONG, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", *program], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{ready}\n"
        time.sleep(delay)
        process.send_signal(how)
        start = time.monotonic()
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert "interrupted" in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    return said, time.monotonic() - start


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_a_scheduler_does_not_answer(how: signal.Signals, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        said, seconds = interrupted([GREETING, address], "greeting", 1.0, how, tmp_path)
    assert "interrupted; 0 trials are saved. To go on: harness run long.toml --scheduler" in said
    assert seconds < 8  # less than the scheduler would have had


@pytest.mark.parametrize(("delay", "how"), [(0.05, signal.SIGINT), (1.5, signal.SIGTERM), (5.0, signal.SIGINT)])
def test_an_interrupt_is_one_line_and_status_130(delay: float, how: signal.Signals, tmp_path: Path) -> None:
    said, seconds = interrupted([ENTERED], "entered", delay, how, tmp_path)
    assert seconds < 20
    if "saved" in said:
        assert "To go on: harness run long.toml --workers 2" in said


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_the_first_worker_waits_for_its_imports(how: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time; import harness.executors.preloaded; time.sleep(60)")
    said, seconds = interrupted([STARTING], "starting", 0.1, how, tmp_path)
    assert "interrupted; 0 trials are saved. To go on: harness run long.toml" in said
    assert seconds < 10  # of the 60 that the imports take, whose process holds the standard error open
