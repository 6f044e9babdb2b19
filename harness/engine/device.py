"""Where networks are trained."""

from __future__ import annotations


class DeviceError(ValueError):
    """There is no such device here."""


def resolve_device(wanted: str) -> str:
    """Return the device that ``auto`` means here, or check that the wanted one exists.

    Raises:
        DeviceError: If there is no such device.
    """
    if wanted == "cpu":
        return wanted
    import torch

    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    count = torch.cuda.device_count()
    kind, _, number = wanted.partition(":")
    if kind != "cuda" or not (number or "0").isdecimal():
        raise DeviceError(f"device {wanted!r} is unknown; write cpu, cuda, cuda:0 or auto")
    if int(number or 0) >= count:
        raise DeviceError(f"device {wanted!r} was asked for, and there are {count} CUDA devices here; write 'cpu'")
    return wanted
