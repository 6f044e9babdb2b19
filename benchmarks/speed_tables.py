"""Tables of speeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.cores import Share
from benchmarks.machine import Machine
from benchmarks.speed import Effort, Speed
from harness.components.entries import Entry, Missing, Number, Ratio, Text
from harness.components.table import Column, Row, Table


def percent(value: float) -> Text:
    """Return a fraction as a percentage."""
    return Text(f"{100 * value:.0f} %" if value >= 0.0095 else f"{100 * value:.1g} %")


def tables(speeds: Sequence[Speed], effort: Effort, dtype: str, machine: Machine) -> list[Table]:
    """Return times, ratios, and what part of the hardware's speed that is."""
    names = list(dict.fromkeys(name for speed in speeds for name in speed.microseconds))
    left = {name: reason for speed in speeds for name, reason in speed.left_out.items()}
    without = "".join(f" Without {name}: {reason}." for name, reason in left.items())
    vmap = "vmap: torch.func's, eager. " if "vmap" in names else ""
    how = (
        f"{dtype}, full-batch gradient descent on the hidden layer, one thread on one core; medians of "
        f"{effort.repetitions} repetitions, in each of which all variants take turns. {machine}."
    )

    def table(name: str, title: str, caption: str, entry: Callable[[Speed, str], Entry], extra: bool = False) -> Table:
        shown = names[1:] if extra else names  # the loop over itself is one
        columns = [Column("n, d, k"), Column("φ"), *(Column(each, "right") for each in shown)]
        columns += [Column("fused / jax", "right")] if extra else []
        rows = [
            Row(
                (
                    Text(", ".join(map(str, speed.size))),
                    Text(speed.activation),
                    *(entry(speed, each) if each in speed.microseconds else Missing() for each in shown),
                    *([_faster(speed.fused_over_jax)] if extra else []),
                )
            )
            for speed in speeds
        ]
        return Table(name, title, caption, tuple(columns), tuple(rows))

    found = [
        table(
            "speed",
            "Microseconds of one network-step",
            "loop: one nn.Module and torch.optim.SGD a network, its loss looked at in each step. "
            f"{vmap}jax: jit and vmap, temporaries stored sample by neuron (nk) or neuron by sample (kn). The rest are "
            f"solvers of the engine, which record exact first-hitting steps. {how}{without}",
            lambda speed, name: Number(speed.microseconds[name], width=False),
        ),
        table(
            "ratios",
            "Times faster than the loop",
            f"Medians of the ratios within each repetition. fused / jax: times faster than the better layout. {how}",
            lambda speed, name: Ratio(speed.ratios[name]),
            extra=True,
        ),
    ]
    if any(speed.peak for speed in speeds):
        fma = [speed.fma for speed in speeds if speed.fma]
        product = [speed.product for speed in speeds]
        found.append(
            table(
                "peak",
                "Part of one core's multiply-add peak",
                f"4ndk operations a network-step over the peak measured beside it, {_range(fma)} GFLOP/s; torch.mm of "
                f"{effort.product} × {effort.product} matrices reaches {_range(product)} GFLOP/s here. {how}",
                lambda speed, name: percent(speed.peak[name]) if name in speed.peak else Missing(),
            )
        )
    return found


def _faster(ratio: float | None) -> Entry:
    return Missing() if ratio is None else Ratio(ratio)


def _range(values: Sequence[float]) -> str:
    low, high = f"{min(values):.0f}", f"{max(values):.0f}"
    return low if low == high else f"{low}–{high}"


def cores_table(shares: Sequence[Share], effort: Effort, dtype: str, machine: Machine) -> Table:
    """Return what several cores do together over what one does alone."""
    rows = [
        Row(
            (
                Text(", ".join(map(str, share.size))),
                Text(share.activation),
                Number(share.alone, width=False),
                Number(share.together, width=False),
                Text(f"{share.ratio:.2f}×"),
            )
        )
        for share in shares
    ]
    return Table(
        "cores",
        f"The fused solver on {shares[0].cores} cores over one",
        "Network-steps per second, in thousands, of one process alone and of one process a core all at once, and the "
        f"median of the ratios within each of {effort.repetitions} repetitions; {dtype}. {machine}.",
        (
            Column("n, d, k"),
            Column("φ"),
            Column("one core, 10³/s", "right"),
            Column("all, 10³/s", "right"),
            Column("ratio", "right"),
        ),
        tuple(rows),
    )
