"""Speed of the kernels and of the libraries' products by size, with what the compiler and the profiler say of them."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from harness.engine.gpu.solver import train_all
from harness.engine.gpu.tiling import Tiling, is_large
from tests.gpu.bits import made
from tests.gpu.offline import Build, compiled

SIZES = ((100, 20, 5), (200, 20, 10), (200, 20, 32), (200, 60, 60), (800, 60, 64), (2000, 100, 100), (5000, 784, 100))
NETWORKS, DIFFERENT = 1024, 8


def measure(device: str, *, tiny: bool = False) -> dict[str, Any]:
    """Train networks of each size, as many as take about a second.

    Args:
        device: Where.
        tiny: Whether to show only that it runs.
    """
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * (device != "cpu")
    found = []
    for n, d, k in ((9, 3, 2),) if tiny else SIZES:
        large = is_large(n * d * k)
        networks = 2 if tiny else 1 if large else min(NETWORKS, max(132, NETWORKS * 40_000 // (n * d * k)))
        steps = 3 if tiny else 400 if large else 2000 if n < 400 else 200
        few = made("softplus", "float32", (n, d, k), steps, range(min(networks, DIFFERENT)))
        nets = [few[i % len(few)] for i in range(networks)]  # the set-up of so many would take longer
        dict(train_all(made("softplus", "float32", (n, d, k), 1, range(1)), [None], device))  # compiles
        with profile(activities=activities) as profiled:
            _wait(device)
            start = time.perf_counter()
            dict(train_all(nets, [None] * networks, device))
            _wait(device)
            seconds = time.perf_counter() - start
        busy = sum(getattr(event, "self_device_time_total", 0.0) for event in profiled.key_averages()) * 1e-6
        rate = networks * steps / seconds
        found.append(
            {
                "size": (n, d, k),
                "networks": networks,
                "steps": steps,
                "seconds": seconds,
                "device_seconds": busy,
                "network_steps_a_second": rate,
                "tflops": 4 * n * d * k * rate * 1e-12,
                "tiling": None if large else asdict(Tiling.of(n, d, k, double=False)),
                "compiled": None if large or device == "cpu" else _compiled((n, d, k)),
            }
        )
    return {"sizes": found, "faults": []}


def _wait(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize(device)


def _compiled(size: tuple[int, int, int]) -> dict[str, Any]:
    """Return spills, shared memory and inexact instructions of the kernel, compiled for the device that is here."""
    major, minor = torch.cuda.get_device_capability()
    return asdict(compiled(Build(str(10 * major + minor), "softplus", "hidden", "float32", ",".join(map(str, size)))))
