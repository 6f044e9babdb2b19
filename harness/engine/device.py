"""Where networks are trained."""

from __future__ import annotations


def resolve_device(wanted: str) -> str:
    """Return the device that ``auto`` means here, or check that the wanted one exists.

    Raises:
        ValueError: If there is no such device.
    """
    if wanted == "cpu":
        return wanted
    import torch

    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    count = torch.cuda.device_count()
    kind, _, number = wanted.partition(":")
    if kind != "cuda" or not (number or "0").isdecimal():
        raise ValueError(f"device {wanted!r} is unknown; write cpu, cuda, cuda:0 or auto")
    if int(number or 0) >= count:
        raise ValueError(f"device {wanted!r} was asked for, and there are {count} CUDA devices here; write 'cpu'")
    return wanted
