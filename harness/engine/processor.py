"""The name of the processor. Results are equal to the last bit on equal processors."""

from __future__ import annotations

import platform
from pathlib import Path


def processor(device: str = "cpu") -> str:
    """Return the model of the processor, or of the CUDA device, on which networks are trained."""
    if device != "cpu":
        import torch

        return torch.cuda.get_device_name(device)
    info = Path("/proc/cpuinfo")
    try:
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), "") or platform.processor() or platform.machine()
