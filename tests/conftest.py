"""Fixtures that many tests share."""

from __future__ import annotations

import os
import signal

import pytest
import torch

from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry

if not torch.cuda.is_available():
    # Before triton is imported: where there is no GPU, its kernels run in an interpreter.
    os.environ.setdefault("TRITON_INTERPRET", "1")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background; its children would ignore it too
    signal.signal(signal.SIGINT, signal.default_int_handler)
torch.set_num_threads(1)  # tests run side by side, and threads that wait for each other crawl

collect_ignore_glob = ["third_party/*/*"]  # packages of their own, with tests that need them installed

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
