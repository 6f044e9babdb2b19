"""Measure and print: ``python -m benchmarks [speed | methods | builds | roofline | set-up | starts | grid | …] …``."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from benchmarks import (
    builds,
    check,
    cores,
    estimates,
    grid,
    memory,
    methods,
    overhead,
    page,
    roofline,
    scale,
    scaling,
    set_up,
    speed,
    stages,
    starts,
)
from benchmarks.arguments import parser
from benchmarks.build_tables import builds_table
from benchmarks.case import Case
from benchmarks.estimate_tables import estimates_table
from benchmarks.grid_tables import check_tables, times_table
from benchmarks.machine import Machine, chosen_cores, this_machine, workers
from benchmarks.method_tables import description, methods_table
from benchmarks.roofline_table import roofline_table
from benchmarks.scale_tables import forecast_table, measured_table
from benchmarks.scaling_tables import exponents_table, memory_table
from benchmarks.speed_tables import cores_table, tables
from benchmarks.start_tables import set_up_table, starts_table
from harness.engine.device import resolve_device
from harness.engine.fused.at_hand import real_of
from harness.report.terminal import show
from harness.suite import load_suite


def measure_speed(arguments: argparse.Namespace, machine: Machine) -> dict[str, Any]:
    """Measure and print every variant at every size."""
    effort = speed.QUICK if arguments.quick else speed.Effort()
    effort = replace(effort, repetitions=arguments.repetitions or effort.repetitions)
    sizes = ((30, 5, 3), (40, 6, 4)) if arguments.quick else speed.SIZES
    activations = ("relu",) if arguments.quick else speed.ACTIVATIONS
    cases = [Case(size, phi, arguments.dtype, arguments.device) for phi in activations for size in sizes]
    count = chosen_cores(arguments.cores)
    with workers(count) as pools:
        speeds = []
        for case in cases:
            _say(f"{case.activation} at n, d, k = {', '.join(map(str, case.size))}")
            speeds.append(pools[0].submit(speed.measure, case, effort, arguments.only).result())
        _show(*tables(speeds, effort, arguments.dtype, machine))
        shares = []
        if count > 1 and arguments.device == "cpu":
            _say(f"{count} cores over one")
            shares = [cores.measure(case, effort, pools) for case in cases]
            _show(cores_table(shares, effort, arguments.dtype, machine))
    return {
        "effort": asdict(effort),
        "speeds": [asdict(each) for each in speeds],
        "cores": [asdict(each) for each in shares],
    }


def measure_methods(arguments: argparse.Namespace, machine: Machine) -> dict[str, Any]:
    """Measure and print minibatches, several outputs and further methods."""
    repetitions = arguments.repetitions or (1 if arguments.quick else 5)
    found = []
    with workers(1) as pools:
        for method in methods.QUICK if arguments.quick else methods.METHODS:
            _say(f"{description(method)} at n, d, k = {', '.join(map(str, method.size))}")
            least = 0.002 if arguments.quick else 0.1
            found.append(pools[0].submit(methods.measure, method, repetitions, least).result())
    _show(methods_table(found, repetitions, machine))
    return {"repetitions": repetitions, "methods": [asdict(each) for each in found]}


def measure_builds(arguments: argparse.Namespace, machine: Machine) -> dict[str, Any]:
    """Measure and print compilers and instruction sets."""
    effort = speed.QUICK if arguments.quick else speed.Effort()
    effort = replace(effort, repetitions=arguments.repetitions or effort.repetitions)
    _say(f"{len(builds.builds())} builds of the kernel")
    found = builds.measure((Case((40, 6, 4), "relu"),) if arguments.quick else builds.CASES, effort)
    _show(builds_table(found, effort.repetitions, machine))
    return {"repetitions": effort.repetitions, "builds": [asdict(each) for each in found]}


def measure_set_up(arguments: argparse.Namespace, machine: Machine) -> dict[str, Any]:
    """Measure and print the set-up of trials."""
    repetitions = arguments.repetitions or (1 if arguments.quick else 5)
    _say("the set-up of a trial")
    with workers(1) as pools:
        sizes = (40,) if arguments.quick else set_up.SIZES
        found = pools[0].submit(set_up.measure, sizes, repetitions, 0.001 if arguments.quick else 0.05).result()
    _show(set_up_table(found, repetitions, machine))
    return {"repetitions": repetitions, "set_up": [asdict(each) for each in found]}


def measure_starts(arguments: argparse.Namespace, machine: Machine) -> dict[str, Any]:
    """Measure and print plans, second runs and workers."""
    repetitions = arguments.repetitions or (1 if arguments.quick else 5)
    _say("starts of plans, runs and workers")
    found = starts.measure("quickstart" if arguments.quick else "review", "quickstart", repetitions)
    _show(starts_table(found, repetitions, machine))
    return {"repetitions": repetitions, "starts": [asdict(each) for each in found]}


def measure_roofline(arguments: argparse.Namespace, machine: Machine) -> dict[str, Any]:
    """Measure and print the bound of multiply-adds and φ, and what part of it is reached."""
    if arguments.device != "cpu":
        sys.exit("python -m benchmarks: roofline measures the compiled kernel, which trains on cpu alone")
    repetitions = arguments.repetitions or (1 if arguments.quick else 5)
    real = real_of(arguments.dtype)
    found = []
    with workers(1) as pools:
        for training in roofline.QUICK if arguments.quick else roofline.TRAININGS:
            _say(f"{training.activation} at n, d, k = {', '.join(map(str, training.size))}")
            least = 0.002 if arguments.quick else 0.15
            found.append(pools[0].submit(roofline.measure, replace(training, real=real), repetitions, least).result())
    _show(roofline_table(found, repetitions, machine))
    return {"roofline": [asdict(each) for each in found]}


def measure_grid(arguments: argparse.Namespace, machine: Machine) -> dict[str, Any]:
    """Run the grid, or a tenth of it, print its time, and check verdicts if asked to."""
    suite, registry = load_suite(arguments.suite)
    all_cells = grid.cells(suite)
    if not arguments.whole:
        suite = grid.tenth(suite, arguments.seed)
    if arguments.quick:
        suite = grid.shortened(suite, steps=100, trials=1, corner=2)
    suite = grid.shortened(suite, arguments.steps, arguments.trials)
    suite = replace(suite, budget=replace(suite.budget, dtype=arguments.dtype))
    count = chosen_cores(arguments.cores)
    with workers(count) as pools:
        at_a_time = count if arguments.device == "cpu" else 1
        _say(f"{grid.cells(suite)} of {all_cells} cells of {suite.name}")
        found, trained = grid.measure(suite, all_cells, registry, arguments.device, at_a_time, pools[0])
        _show(times_table(found, machine))
        checked = None
        if arguments.check:
            _say(f"the plain loop in {min(arguments.check, len(trained))} cells")
            checked = check.check(trained, arguments.check, pools, arguments.seed)
            _show(*check_tables(checked, machine))
    derived = {"whole": found.whole, "loop": found.loop, "loop_whole": found.loop_whole}
    return {"grid": {**asdict(found), **derived}, "check": asdict(checked) if checked else None}


def measure_scaling(arguments: argparse.Namespace, machine: Machine) -> dict[str, Any]:
    """Fit and print exponents, and measure memory."""
    plan = scaling.QUICK if arguments.quick else scaling.Scale()
    plan = replace(plan, repetitions=arguments.repetitions or plan.repetitions)
    with workers(1) as pools:
        _say("time against each size")
        axes = pools[0].submit(scaling.measure, arguments.device, arguments.dtype, plan).result()
    _show(exponents_table(axes, arguments.dtype, arguments.device, plan.repetitions, machine))
    found: list[memory.Memory] = []
    if arguments.device == "cpu":
        _say("memory against trials")
        found = memory.measure((4,), 1) if arguments.quick else memory.measure()
        _show(memory_table(found, machine))
    repetitions = plan.repetitions
    return {
        "repetitions": repetitions,
        "axes": [asdict(axis) for axis in axes],
        "memory": [asdict(each) for each in found],
    }


def measure_scale(arguments: argparse.Namespace, machine: Machine) -> dict[str, Any]:
    """Write made-up outcomes with the real driver, and forecast runs on clusters."""
    sizes = (500,) if arguments.quick else (arguments.trials // 10, arguments.trials)
    found = []
    for size in sizes:
        _say(f"{size} trials that take no time")
        found.append(scale.measure(size))
    _show(measured_table(found, machine), forecast_table(found[-1]))
    return {"scale": [asdict(each) for each in found], "forecasts": [asdict(f) for f in scale.forecasts(found[-1])]}


def measure_overhead(arguments: argparse.Namespace, machine: Machine) -> dict[str, Any]:
    """Time the same batches on one local worker and on one of Dask."""
    _say("batches on one worker of each executor")
    found = overhead.measure(0.01, 2, 1) if arguments.quick else overhead.measure()
    said = (
        f"{found.batches} batches of {found.seconds:.2f} s: Dask takes {found.dask:.3f} times as long as the local "
        f"executor ({min(found.ratios):.3f} to {max(found.ratios):.3f} in {len(found.ratios)} repetitions). {machine}."
    )
    print(textwrap.fill(said, 100))
    return {"overhead": asdict(found)}


def measure_stages(arguments: argparse.Namespace, machine: Machine) -> dict[str, Any]:
    """Time the set-up of batches on threads and on processes."""
    _say("the set-up of batches for a GPU")
    batches, trials, count = (8, 1, 1) if arguments.quick else (512, 2, machine.cores)
    found = stages.measure(batches, trials, count, 1 if arguments.quick else 3)
    n, d, k = stages.SIZE
    ways = ", ".join(f"{one.way} {one.rate:.0f} at {one.milliseconds:.2f} ms" for one in found)
    said = (
        f"Set-up of {batches} batches of {trials} trials, n, d, k = {n}, {d}, {k}, with λ_min and a stable step: "
        f"trials a second, and processor time of each, {ways}. {machine}."
    )
    print(textwrap.fill(said, 100))
    return {"stages": [asdict(one) for one in found]}


def measure_estimates(arguments: argparse.Namespace, machine: Machine) -> dict[str, Any]:
    """Plan and run suites, and print how far their estimates are from their times."""
    found = []
    for path in estimates.suites(arguments.quick):
        _say(path.stem)
        found.append(estimates.measure(path))
    _show(estimates_table(found, machine))
    return {"estimates": [asdict(one) for one in found]}


def _say(what: str) -> None:
    print(f"measuring {what} …", file=sys.stderr, flush=True)


def _show(*what: Any) -> None:
    for table in what:
        show(table)
        print(flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse arguments, measure, print, and write JSON if asked to."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or (given[0].startswith("-") and given[0] not in ("-h", "--help")):
        given.insert(0, "speed")
    chosen = parser().parse_args(given)
    if chosen.command == "page":
        page.write()
        return
    try:
        chosen.device = resolve_device(chosen.device)
        chosen_cores(getattr(chosen, "cores", "1"))
    except ValueError as error:
        sys.exit(f"python -m benchmarks: {error}")
    machine = this_machine(chosen.device)
    measures = {
        "speed": measure_speed,
        "roofline": measure_roofline,
        "methods": measure_methods,
        "builds": measure_builds,
        "set-up": measure_set_up,
        "starts": measure_starts,
        "grid": measure_grid,
        "scaling": measure_scaling,
        "scale": measure_scale,
        "overhead": measure_overhead,
        "stages": measure_stages,
        "estimates": measure_estimates,
    }
    found = measures[chosen.command](chosen, machine)
    if chosen.json:
        record = {"machine": asdict(machine), "command": chosen.command, "dtype": chosen.dtype, **found}
        chosen.json.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
