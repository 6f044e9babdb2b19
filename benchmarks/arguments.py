"""The command line of the benchmarks."""

from __future__ import annotations

import argparse
from pathlib import Path

SAYS = "Measure and print; docs/speed.md shows what was found."
"""What the program does."""


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    shared.add_argument("--device", default="cpu", help="cpu (default), cuda or cuda:N")
    shared.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    shared.add_argument("--quick", action="store_true", help="tiny sizes: shows that it runs, and measures nothing")
    top = argparse.ArgumentParser(prog="python -m benchmarks", description=SAYS)
    commands = top.add_subparsers(dest="command", required=True)

    one = commands.add_parser(
        "speed", parents=[shared], help="time of a network-step, everything in turn (the default)"
    )
    one.add_argument("--repetitions", type=int, help="rounds in which everything is measured in turn")
    one.add_argument("--cores", default="1", metavar="C", help="also compare C cores, or all, with one")
    one.add_argument("--only", action="append", metavar="VARIANT", help="measure this beside the loop; repeatable")

    more = commands.add_parser("methods", parents=[shared], help="minibatches, several outputs, and more, on a CPU")
    more.add_argument("--repetitions", type=int, help="rounds in which everything is measured in turn")

    bound = commands.add_parser("roofline", parents=[shared], help="what multiply-adds and φ allow the compiled kernel")
    bound.add_argument("--repetitions", type=int, help="rounds in which everything is measured in turn")

    for name, words in (
        ("builds", "the kernel by compiler and instruction set, on a CPU"),
        ("set-up", "spectra of trials, beside the way before"),
        ("starts", "plans, second runs and workers"),
    ):
        any_of = commands.add_parser(name, parents=[shared], help=words)
        any_of.add_argument("--repetitions", type=int, help="rounds in which everything is measured in turn")

    two = commands.add_parser("grid", parents=[shared], help="time of a published grid, and a check of its verdicts")
    two.add_argument("--suite", default="phase-diagram", help="a suite whose search is a grid")
    two.add_argument("--whole", action="store_true", help="run all cells instead of a tenth")
    two.add_argument("--cores", default="all", metavar="C", help="processes; all cores if not given")
    two.add_argument("--steps", type=int, help="budget of a network, instead of the suite's")
    two.add_argument("--trials", type=int, help="networks in a cell, instead of the suite's")
    two.add_argument("--check", type=int, default=0, metavar="N", help="train N cells again with the plain loop")
    two.add_argument("--seed", type=int, default=0, help="draws the cells")

    three = commands.add_parser("scaling", parents=[shared], help="exponents of time, and memory")
    three.add_argument("--repetitions", type=int, help="rounds in which everything is measured in turn")

    four = commands.add_parser("scale", parents=[shared], help="what one driver can take, with trials of no time")
    four.add_argument("--trials", type=int, default=1_000_000, help="outcomes of the largest run")

    commands.add_parser("estimates", parents=[shared], help="estimates of plans beside the times of the runs, on a CPU")

    commands.add_parser("page", help="write the tables of docs/speed.md anew from the figures in benchmarks/measured")
    commands.add_parser("stages", parents=[shared], help="set-up of batches for a GPU, on threads and on processes")
    commands.add_parser("overhead", parents=[shared], help="what Dask adds to batches of a second, on one worker")
    return top
