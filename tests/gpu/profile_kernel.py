"""Profiles the GPU kernel with torch: ``python -m tests.gpu.profile_kernel``."""

from __future__ import annotations

import sys
import time

import torch
from torch.profiler import ProfilerActivity, profile

from harness.builtin.criteria import Quadratic
from harness.builtin.initializers import GaussianHalves
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.components import Regime
from harness.engine.descent import ShallowTrial
from harness.engine.gpu.fleet import Family
from harness.engine.gpu.solver import train_all
from harness.engine.trial import prepare
from tests.engine.cases import setting

NETWORKS = 1024
STEPS = 2000


def main() -> None:
    """Print speed and profile at each size."""
    regime = Regime("r", ShallowNet(), GaussianHalves(), GradientDescent(step_size=1e-3), Quadratic())
    where = setting(regime, steps=STEPS, tolerances=(1e-9,), device="cuda", spectrum=False)
    form = regime.model.shallow_form()
    assert form is not None
    for n, d, k in ((100, 20, 5), (200, 20, 10), (200, 20, 32), (200, 60, 60), (800, 60, 64)):
        networks = NETWORKS if n < 400 else NETWORKS // 4
        nets = [ShallowTrial.of(regime, where.budget, prepare(where, n, d, k, seed), form) for seed in range(networks)]
        train_all(nets[:1], [None], "cuda")  # compiles
        with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as found:
            torch.cuda.synchronize()
            start = time.perf_counter()
            train_all(nets, [None] * networks, "cuda")
            torch.cuda.synchronize()
            seconds = time.perf_counter() - start
        events = found.key_averages()
        kernel = sum(e.device_time_total for e in events if e.key in ("resident", "streamed")) * 1e-6
        rate = networks * STEPS / kernel if kernel else float("nan")
        flops = 4 * n * d * k * rate * 1e-12
        sys.stdout.write(
            f"\nn, d, k = {n}, {d}, {k}: {networks} networks, {STEPS} steps in {seconds:.2f} s, of which the kernel "
            f"{kernel:.2f} s: {rate:.3g} network-steps/s, {flops:.2f} Tflop/s; {Family.of(nets[0]).tiling}\n"
        )
        sys.stdout.write(events.table(sort_by="device_time_total", row_limit=8) + "\n")


if __name__ == "__main__":
    main()
