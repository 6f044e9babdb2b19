"""Fixtures that many tests share."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry

if not torch.cuda.is_available():
    # Before triton is imported: where there is no GPU, its kernels run in an interpreter.
    os.environ.setdefault("TRITON_INTERPRET", "1")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background; its children would ignore it too
    signal.signal(signal.SIGINT, signal.default_int_handler)
for size in ("COLUMNS", "LINES"):  # readline, which pytest imports, sets them for the processes that run tests
    os.environ.pop(size, None)
torch.set_num_threads(1)  # tests run side by side, and threads that wait for each other crawl

collect_ignore_glob = ["third_party/*/*"]  # packages of their own, with tests that need them installed


def pytest_unconfigure() -> None:
    gc.unfreeze()  # of harness.executors.preloaded, searched for examples: Triton lists what is frozen as leaked


DEVICES = [
    pytest.param("cpu"),
    pytest.param(
        "cuda",
        marks=[pytest.mark.cuda, pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")],
    ),
]


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    """Each device present."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The installed plugins."""
    return load_plugins()


IMPORTER = """
import os, sys
import harness.plugin_host.loading, torch
from harness.testing.import_state import main
for line in sys.stdin:
    if not os.fork():
        main(*line.rstrip("\\n").split("\\t"))
        os._exit(0)
    _, status = os.wait()
    print("", os.waitstatus_to_exitcode(status), "end", sep="\\n", flush=True)
"""
"""A program that imports one plugin after the other, each in a process of its own that has torch already."""


@pytest.fixture(scope="session")
def importer() -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", IMPORTER], text=True, env=environment, **pipes) as process:
        yield process


@pytest.fixture
def quick_imports(importer: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the kit's check of an import take a fork of a process that has torch, instead of seconds to import it."""

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        assert importer.stdin is not None
        assert importer.stdout is not None
        print(*command[3:], sep="\t", file=importer.stdin, flush=True)
        *said, status = iter(lambda: importer.stdout.readline().rstrip("\n"), "end")  # type: ignore[union-attr]  # is there
        return subprocess.CompletedProcess(command, int(status), "\n".join(said).strip().encode(), b"")

    monkeypatch.setattr("harness.testing.import_state.subprocess", SimpleNamespace(run=run))
