"""The table of further methods."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.machine import Machine
from benchmarks.method import Method
from benchmarks.methods import MethodSpeed
from benchmarks.speed_tables import percent
from harness.components.entries import Entry, Missing, Number, Ratio, Text
from harness.components.table import Column, Row, Table
from harness.engine.solvers.fused import Fused


def description(method: Method) -> str:
    """Return the method in a few words.

    >>> description(Method((30, 5, 3), "gelu", layers="all", momentum=0.9, dtype="float64"))
    'gelu, both, momentum 0.9, float64'
    >>> description(Method((30, 5, 3), "relu", 10, 20, "classes"))
    'q = 10, b = 20, relu, classes'
    """
    words = [f"q = {method.outputs}"] if method.outputs > 1 else []
    words += [] if method.batch is None else [f"b = {method.batch}"]
    words += [method.activation]
    words += ["both"] if method.layers == "all" else []
    words += {"squares": [], "logistic": ["logistic"], "classes": ["classes"]}[method.loss]
    words += [f"momentum {method.momentum:g}"] if method.momentum else []
    words += [method.dtype] if method.dtype != "float32" else []
    return ", ".join(words)


def methods_table(speeds: Sequence[MethodSpeed], repetitions: int, machine: Machine) -> Table:
    """Return the table.

    Args:
        speeds: What was found.
        repetitions: Rounds in which everything was measured in turn.
        machine: Where.
    """
    left_out = {name: reason for speed in speeds for name, reason in speed.left_out.items()}
    without = "".join(f" Without {name}: {reason}." for name, reason in left_out.items())
    return Table(
        name="methods",
        title="Minibatches, several outputs and further methods",
        caption=(
            "µs of processor time of a network-step of the engine's compiled kernel (fused) and of the better "
            "layout of JAX. fused draws its minibatches; those of JAX are drawn by NumPy before. / bmm, / jax: "
            "times as fast as torch's batched matrix products and as JAX, medians of the ratios within each "
            "repetition. JAX's draws count; under no draws, they do not, and those of fused do. peak: 4ndk "
            "operations, of n or b samples, over the peak of multiply-adds measured beside it. b: samples of a "
            "minibatch; q: outputs; both: both layers are trained; classes: the loss is the cross-entropy; else, "
            f"all samples, one output, the hidden layer, squares, float32. Medians of {repetitions} repetitions, "
            f"in each of which all take turns.{without} {machine}."
        ),
        columns=(
            Column("n, d, k"),
            Column("what"),
            *(Column(name, "right") for name in (Fused.name, "jax")),
            *(Column(name, "right") for name in ("/ bmm", "/ jax", "no draws", "peak")),
        ),
        rows=tuple(_row(speed) for speed in speeds),
    )


def _row(speed: MethodSpeed) -> Row:
    method, found = speed.method, speed.microseconds
    jax = [found[name] for name in ("jax-nk", "jax-kn") if name in found]
    return Row(
        (
            Text(", ".join(map(str, method.size))),
            Text(description(method)),
            Number(found["engine"], width=False),
            Number(min(jax), width=False) if jax else Missing(),
            Ratio(speed.over_stacked),
            _times(speed.over_jax),
            _times(speed.over_undrawn),
            Missing() if speed.peak is None else percent(speed.peak),
        )
    )


def _times(ratio: float | None) -> Entry:
    return Missing() if ratio is None else Ratio(ratio)
