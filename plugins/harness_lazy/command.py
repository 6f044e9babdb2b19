"""``harness kernel-distance``: how near the tangent kernel of width k is to that of infinite width."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import rich_click as click

if TYPE_CHECKING:
    from harness import Trained
    from harness_lazy.distance import Distances

WIDTHS = "32,64,128,256,512,1024,2048,4096"


def _widths(context: click.Context, parameter: click.Parameter, value: str) -> tuple[int, ...]:
    """Read, for instance, 32,64,128."""
    try:
        widths = sorted(int(part) for part in value.split(","))
    except ValueError:
        widths = []
    if not widths or widths[0] < 1 or len(set(widths)) < len(widths):
        message = f"found {value!r}, expected different whole numbers of at least 1, such as 32,64,128"
        raise click.BadParameter(message, context, parameter)
    return tuple(widths)


@click.command("kernel-distance")
@click.option("--n", type=click.IntRange(2, 5000), default=50, show_default=True, help="Samples.")
@click.option("--d", type=click.IntRange(1, 100_000), default=20, show_default=True, help="Input dimension.")
@click.option("--activation", metavar="NAME", default="relu", show_default=True, help="φ, a shipped one.")
@click.option(
    "--train",
    type=click.Choice(["hidden", "output", "all"]),
    default="hidden",
    show_default=True,
    help="Layers whose kernel is taken.",
)
@click.option(
    "--output",
    type=click.Choice(["signs", "gaussian"]),
    default="signs",
    show_default=True,
    help="Output weights ±1/√k, or N(0, 1/k).",
)
@click.option("--widths", callback=_widths, default=WIDTHS, metavar="K,K,…", help="Widths.  [default: 32 to 4096]")
@click.option("--seeds", type=click.IntRange(1, 10_000), default=10, show_default=True, help="Draws at each width.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Seed of all draws.")
@click.option(
    "--figure", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Draw it: png, svg, pdf."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    n: int,
    d: int,
    activation: str,
    train: str,
    output: str,
    widths: tuple[int, ...],
    seeds: int,
    seed: int,
    figure: Path | None,
    as_json: bool,
) -> None:
    """Measure how near the tangent kernel of width k is to its limit, and with which power of k it comes near.

    Inputs are uniform on the sphere, W ~ N(0, 1). The distance ‖K₀ − K∞‖/‖K∞‖ (operator norm) falls like 1/√k.

    \b
    harness kernel-distance --n 50 --d 20 --activation relu
    harness kernel-distance --widths 64,256,1024,4096 --figure distance.png
    """
    from harness import ACTIVATIONS
    from harness_lazy.distance import OutputWeights, kernel_distances
    from harness_lazy.figure import FORMATS

    if figure is not None and figure.suffix.lower() not in FORMATS:
        raise click.BadParameter(
            f"found {figure.name!r}, expected a name ending in {', '.join(FORMATS)}", param_hint="--figure"
        )
    if activation not in ACTIVATIONS:
        names = ", ".join(ACTIVATIONS)
        raise click.BadParameter(f"found {activation!r}, expected one of {names}", param_hint="--activation")
    try:
        found = kernel_distances(
            n,
            d,
            ACTIVATIONS[activation],
            widths,
            train=cast("Trained", train),
            output=cast("OutputWeights", output),
            seeds=seeds,
            base=seed,
        )
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    drawn = "v = ±1/√k" if output == "signs" else "v ~ N(0, 1/k)"
    said = f"n = {n}, d = {d}, {activation}, {train} trained, {drawn}"
    if as_json:
        import json

        click.echo(json.dumps(_record(found, n, d, activation, train, output, seed), allow_nan=False))
    else:
        _show(found, said)
    if figure is not None:
        from harness_lazy.figure import draw

        try:
            draw(found, said, figure)
        except OSError as error:
            raise click.ClickException(f"{figure} cannot be written: {error.strerror}") from error
        click.echo(f"wrote {figure}", err=True)


def _record(found: Distances, n: int, d: int, activation: str, train: str, output: str, seed: int) -> dict[str, Any]:
    """Return what was measured as plain data."""
    fitted = found.slope()
    several = fitted is not None and found.values.shape[1] > 1
    return {
        "n": n,
        "d": d,
        "activation": activation,
        "train": train,
        "output": output,
        "seed": seed,
        "slope": None if fitted is None else fitted[0],
        "slope_error": fitted[1] if several and fitted is not None else None,
        "lambda_min_limit": found.limit.tolist(),
        "widths": [
            {"k": k, "distances": values.tolist(), "lambda_min": smallest.tolist()}
            for k, values, smallest in zip(found.widths, found.values, found.smallest, strict=True)
        ],
    }


def _show(found: Distances, said: str) -> None:
    """Print the table."""
    seeds = found.values.shape[1]
    click.echo(f"Distance of the tangent kernel to its limit · {said}\n")
    click.echo(f"{'k':>7}  {'‖K₀−K∞‖/‖K∞‖':>14}  {'± sd':>8}  {'λ_min(K₀)':>10}")
    for k, mean, deviation, smallest in zip(
        found.widths, found.mean, found.deviation, found.smallest.mean(axis=1), strict=True
    ):
        spread = f"{deviation:8.2g}" if seeds > 1 else f"{'–':>8}"
        click.echo(f"{k:7d}  {mean:14.4g}  {spread}  {smallest:10.3g}")
    click.echo(f"{'∞':>7}  {0:14d}  {'':8}  {found.limit.mean():10.3g}")
    fitted = found.slope()
    if fitted is not None:
        error = f" ± {fitted[1]:.3f}" if seeds > 1 else ""
        click.echo(f"\nslope of log distance in log k: {fitted[0]:.3f}{error} (−½ in the limit)".replace(": -", ": −"))
    draws = f"means over {seeds} draws of inputs and weights" if seeds > 1 else "one draw of inputs and weights"
    click.echo(f"{draws}; operator norms")
