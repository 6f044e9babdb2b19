"""The catalogue of all figures of a run, and their files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.figures.collapse import collapse_figure
from harness.report.figures.exponent_map import exponent_map
from harness.report.figures.laziness import laziness_figure
from harness.report.figures.phase import phase_diagrams
from harness.report.figures.reasons import reason_figures
from harness.report.figures.record import Drawing, LeftOut
from harness.report.figures.scaling import scaling_figures
from harness.report.figures.sensitivity import sensitivity_map
from harness.report.figures.sharpness import sharpness_figure
from harness.report.figures.step_size import step_size_figure
from harness.report.figures.style import save
from harness.report.figures.survival import survival_figure
from harness.report.figures.training import training_figures
from harness.report.figures.transition import transition_curves

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.driver.results import Results
    from harness.report.summary import Predictions


@dataclass(frozen=True)
class Catalogue:
    """The figures that can be drawn from a run, and those that cannot.

    Attributes:
        drawings: Figures to draw.
        left_out: Figures that lack data, with the reason.
    """

    drawings: tuple[Drawing, ...]
    left_out: tuple[LeftOut, ...]


def catalogue(results: Results, predictions: Predictions) -> Catalogue:
    """Return the figures of a run in the order of a report. Nothing is drawn yet.

    Args:
        results: Results of the run.
        predictions: Predictions of each (regime, n, d), for the lines of theories.

    Returns:
        The catalogue.
    """
    found = [
        *phase_diagrams(results, predictions),
        *scaling_figures(results, predictions),
        *exponent_map(results, predictions),
        *collapse_figure(results),
        *transition_curves(results),
        *sharpness_figure(results),
        *step_size_figure(results),
        *reason_figures(results),
        *training_figures(results),
        *survival_figure(results),
        *laziness_figure(results),
        *sensitivity_map(results),
    ]
    return Catalogue(
        tuple(one for one in found if isinstance(one, Drawing)),
        tuple(one for one in found if isinstance(one, LeftOut)),
    )


def write_figures(figures: Catalogue, directory: Path, formats: Sequence[str]) -> list[Path]:
    """Write every figure in every format into a directory, which is created.

    Args:
        figures: The figures.
        directory: Folder of the files.
        formats: Suffixes of the formats.

    Returns:
        The files.

    Raises:
        OSError: If they cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    found = []
    for drawing in figures.drawings:
        figure = drawing.draw()
        for kind in formats:
            found.append(directory / f"{drawing.name}.{kind}")
            save(figure, found[-1])
    return found
