"""Fixtures that many tests share."""

from __future__ import annotations

import pytest
import torch

from harness.plugins import load_plugins
from harness.registry import Registry

torch.set_num_threads(1)  # tests run side by side, and threads that wait for each other crawl

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
