"""Devices that cannot be used, with the reasons: pretended, as there may be none here."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from harness.engine import device
from harness.engine.device import DeviceError, resolve_device
from harness.engine.solvers.fused_gpu import FusedGpu, gpu_unavailable
from harness.executors.guarded import device_is_lost


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Patches of a machine with one sound device."""
    monkeypatch.setattr(device, "_no_gpu", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    monkeypatch.setattr(torch.version, "hip", None)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.delenv("HARNESS_FUSED", raising=False)
    gpu_unavailable.cache_clear()
    yield monkeypatch
    gpu_unavailable.cache_clear()


def test_a_driver_that_is_too_old_is_named(cuda: pytest.MonkeyPatch) -> None:
    """NVIDIA's management library counts the devices of such a driver, which cannot be used."""

    def unavailable() -> bool:
        warnings.warn(
            "CUDA initialization: The NVIDIA driver on your system is too old (found version 11040)", stacklevel=1
        )
        return False

    assert resolve_device("cuda:0") == "cuda:0"
    with pytest.raises(DeviceError, match="'cuda:1' was asked for, and there are 1 CUDA devices here"):
        resolve_device("cuda:1")
    cuda.setattr(torch.cuda, "is_available", unavailable)
    with pytest.raises(
        DeviceError, match=r"'cuda' was asked for, and .* driver on your system is too old .*write 'cpu'"
    ):
        resolve_device("cuda")


def test_a_torch_without_cuda_is_named(cuda: pytest.MonkeyPatch) -> None:
    cuda.setattr(torch.cuda, "is_available", lambda: False)
    cuda.setattr(torch.version, "cuda", None)
    with pytest.raises(DeviceError, match="is built without CUDA; write 'cpu'"):
        resolve_device("cuda")


def test_what_triton_lacks_is_found_before_any_trial(cuda: pytest.MonkeyPatch) -> None:
    triton = pytest.importorskip("triton")

    class Active:
        def __init__(self, error: Exception | None = None) -> None:
            self.error = error

        @property
        def utils(self) -> Any:
            if self.error is not None:
                raise self.error
            return None

    def reason(active: Active) -> str:
        gpu_unavailable.cache_clear()
        cuda.setattr(triton.runtime, "driver", SimpleNamespace(active=active))
        return FusedGpu().missing("float32", "cuda:0")

    assert reason(Active()) == ""
    no_compiler = reason(Active(RuntimeError("Failed to find C compiler.")))
    assert no_compiler == "triton cannot call the driver (RuntimeError: Failed to find C compiler.)"
    cuda.setattr(torch.cuda, "get_device_capability", lambda _: (7, 5))
    assert reason(Active()) == "compute capability 7.5 is below 8.0"
    cuda.setattr(torch.version, "hip", "6.4")
    assert reason(Active()) == "its kernel is for devices of NVIDIA"


def test_a_device_is_lost_when_it_does_not_answer(cuda: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def synchronize(which: int) -> None:
        asked.append(which)
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    cuda.setattr(torch.cuda, "is_initialized", lambda: False)
    cuda.setattr(torch.cuda, "synchronize", synchronize)
    cuda.setattr(torch.cuda, "memory_reserved", lambda _: 1)
    assert not device_is_lost()
    cuda.setattr(torch.cuda, "is_initialized", lambda: True)
    assert device_is_lost()
    cuda.setattr(torch.cuda, "memory_reserved", lambda _: 0)  # it has nothing there
    assert not device_is_lost()
    assert asked == [0]
