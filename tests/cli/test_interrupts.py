"""Ctrl-C and SIGTERM at any moment after the command line was entered: one line, status 130, no traceback."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.test_run import SUITE

LONG = SUITE.replace("steps = 600", "steps = 2_000_000").replace("tolerances = [0.5, 0.1]", "tolerances = [0.5, 1e-9]")
LONG = LONG.replace("report_tolerance = 0.1", "report_tolerance = 1e-9").replace('"output-only"', '"moderate-sgd"')
ENTERED = (
    "import sys; from harness.cli import main; sys.argv = ['harness', 'run', 'long.toml', '--workers', '2'];"
    "print('entered', flush=True); main()"
)


GREETING = (
    "import sys; from harness.cli import main; import harness.executors.dask_scheduler as there; greet = there.greet\n"
    "def said(address): print('greeting', flush=True); greet(address)\n"
    "there.greet = said; sys.argv = ['harness', 'run', 'long.toml', '--scheduler', sys.argv[1]]; main()"
)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_a_scheduler_does_not_answer(how: signal.Signals, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    (tmp_path / "long.toml").write_text(LONG, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-c", GREETING, address],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "greeting\n"
            time.sleep(1.0)
            process.send_signal(how)
            start = time.monotonic()
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130, said
    assert "interrupted; 0 trials are saved. To go on: harness run long.toml --scheduler" in said
    assert "Traceback" not in said
    assert time.monotonic() - start < 8  # less than the scheduler would have had


@pytest.mark.parametrize(("delay", "how"), [(0.05, signal.SIGINT), (1.5, signal.SIGTERM), (5.0, signal.SIGINT)])
def test_an_interrupt_is_one_line_and_status_130(delay: float, how: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_text(LONG, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", ENTERED], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "entered\n"
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
    assert time.monotonic() - start < 20
    if "saved" in said:
        assert "To go on: harness run long.toml --workers 2" in said
