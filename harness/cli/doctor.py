"""The verb ``harness doctor``, which shows what this machine has and which solvers train on it."""

from __future__ import annotations

import json
import platform
from typing import Any

import rich_click as click

from harness import __version__
from harness.session.defaults import cores


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
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    width = max(map(len, found))
    for name, value in found.items():
        click.echo(f"{name:<{width}}  {value}")


_COMPILED = (
    "active: models that give nothing but forward, where enough steps are ahead; harness run says if one refuses"
)


def examine() -> dict[str, Any]:
    """Return versions, devices and solvers by name, as text."""
    import torch

    from harness.engine.compiled_step import missing
    from harness.engine.fused.build import NoKernel, kernel
    from harness.engine.solvers import gpu_unavailable
    from harness.mathematics.activations import ACTIVATIONS

    devices = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    found = {
        "harness": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cores": str(cores()),
        "cuda devices": ", ".join(devices) or "none",
        "spectral solver": "active: models linear in what they train, by gradient descent, are solved exactly",
    }
    for real, dtype in (("float", "float32"), ("double", "float64")):
        try:
            made = kernel(real, ACTIVATIONS["softplus"])
            found[f"fused solver, {dtype}"] = f"active on the CPU: {made.path} (by {made.compiler})"
        except NoKernel as error:
            found[f"fused solver, {dtype}"] = f"not available: {error}"
        reason = gpu_unavailable(dtype)
        found[f"fused GPU solver, {dtype}"] = f"not available: {reason}" if reason else "active on CUDA devices"
    found["stacked solver"] = "active: minibatches, and what the fused solvers do not take"
    for device in ("cpu", "cuda") if devices else ("cpu",):
        reason = missing(device)
        found[f"compiled steps, {device}"] = f"not available: {reason}" if reason else _COMPILED
    found["functional solver"] = "active: models that give nothing but forward"
    return found
