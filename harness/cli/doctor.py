"""The verb ``harness doctor``, which shows what this machine has and which solvers train on it."""

from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING, Any

import rich_click as click

from harness import __version__
from harness.cli.streams import echo
from harness.session.defaults import cores

if TYPE_CHECKING:
    from harness.components import Solver


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """Show versions, devices, and which solvers are active here and why.

    \b
    harness doctor
    harness doctor --json
    """
    found = examine()
    if as_json:
        echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    width = max(map(len, found))
    for name, value in found.items():
        echo(f"{name:<{width}}  {value}")


def examine() -> dict[str, Any]:
    """Return versions, devices and solvers by name, as text."""
    import torch

    from harness.engine.solvers import of_plugins, shipped
    from harness.plugin_host.loading import load_plugins

    devices = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    found = {
        "harness": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cores": str(cores()),
        "vector registers": _vectors(),
        "cuda devices": ", ".join(devices) or "none",
    }
    for solver in (*shipped(), *of_plugins(load_plugins())):
        for dtype in ("float32", "float64"):
            found[f"{solver.name} solver, {dtype}"] = _state(solver, dtype, cuda=bool(devices))
    return found


def _vectors() -> str:
    """Say how wide the vectors of kernels are, or why there are none."""
    from harness.engine.fused.compiler import NoKernel
    from harness.engine.fused.vectors import vector_bits

    try:
        return f"{vector_bits()} bits"
    except NoKernel as error:
        return f"not used: {error}"


def _state(solver: Solver, dtype: str, *, cuda: bool) -> str:
    """Say on which devices a solver trains here and what, or why it does not."""
    here = [device for device in solver.devices if cuda or device != "cuda"] or list(solver.devices)
    missing = {device: solver.missing(dtype, device) for device in here}
    active = [device for device, reason in missing.items() if not reason]
    if not active:
        return f"not available: {'; '.join(dict.fromkeys(missing.values()))}"
    made = "".join(f"; {made}" for device in active if (made := solver.made(dtype, device)))
    return f"active on {' and '.join(active)}: {solver.summary}{made}"
