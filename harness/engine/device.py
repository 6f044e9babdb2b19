"""Where networks are trained."""

from __future__ import annotations

import ctypes
import functools
import runpy
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

from harness.complaints import printable


class DeviceError(ValueError):
    """There is no such device here."""


def resolve_device(wanted: str) -> str:
    """Return the device that ``auto`` means here, or check that the wanted one exists.

    Raises:
        DeviceError: If there is no such device.
    """
    if wanted == "cpu" or (wanted == "auto" and _no_gpu()):
        return "cpu"
    import torch

    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, number = wanted.partition(":")
    if kind != "cuda" or not (number or "0").isdecimal():
        raise DeviceError(f"device {wanted!r} is unknown; write cpu, cuda, cuda:0 or auto")
    if reason := _why_no_cuda():
        raise DeviceError(f"device {wanted!r} was asked for, and {reason}; write 'cpu'")
    count = torch.cuda.device_count()
    if int(number or 0) >= count:
        raise DeviceError(f"device {wanted!r} was asked for, and there are {count} CUDA devices here; write 'cpu'")
    return wanted


def _why_no_cuda() -> str:
    """Return why torch can use no CUDA device, or an empty string. Torch counts devices of drivers that are too old."""
    import torch

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if torch.cuda.is_available():
            return ""
    said = "".join(f": {printable(str(warning.message))}" for warning in caught[:1])
    if torch.version.cuda is None and torch.version.hip is None:
        return f"torch {torch.__version__} is built without CUDA"
    return f"torch {torch.__version__} finds no CUDA device that it can use{said}"


@functools.cache
def _no_gpu() -> bool:
    """Return whether torch can find no GPU: it was built for none, or the driver of NVIDIA's is not installed.

    Its version file says what it was built for. To import torch takes a second, which a run that trains nothing saves.
    """
    found = find_spec("torch")
    if found is None or found.origin is None:
        return False
    try:
        built = runpy.run_path(str(Path(found.origin).with_name("version.py")))
    except (OSError, ImportError, SyntaxError):
        return False
    if "cuda" not in built or built.get("hip") is not None:
        return False
    return built["cuda"] is None or (sys.platform == "linux" and not _loads("libcuda.so.1"))


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
