"""Results as users of the Python API see them: tables of records, figures, and HTML."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Self

from harness.driver import results
from harness.driver.results import in_place_of
from harness.report.headline import headline
from harness.report.law_rows import LawRecord, each_law
from harness.report.predicted import predict_results
from harness.report.records import Records
from harness.report.rows import (
    ExponentRecord,
    TheoryRecord,
    ThresholdRecord,
    exponent_record,
    theory_record,
    threshold_record,
)
from harness.report.trial_records import TrialRecord, each_trial

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from harness.claims.predictions import Prediction
    from harness.driver.question import Asked
    from harness.report.figures.catalogue import Catalogue


@dataclass(frozen=True, repr=False)
class Results(results.Results):
    """The outcomes of a suite, the thresholds in them, and how they are shown."""

    @classmethod
    def of(cls, found: results.Results) -> Self:
        """Return the results of a driver."""
        return cls(**{field.name: getattr(found, field.name) for field in fields(found)})

    def __repr__(self) -> str:
        state = f", {self.lacking}" if self.missing else ""
        return (
            f"<Results of suite {self.suite.name!r}: {len(self.places)} thresholds, {self.trial_count} trials{state}>"
        )

    def _repr_html_(self) -> str:
        """Return the thresholds as HTML below the name of the suite, all text escaped."""
        from markupsafe import escape

        state = f"; {self.lacking}" if self.missing else ""
        head = f"<p><b>{escape(self.suite.title or self.suite.name)}</b>: {self.trial_count} trials{escape(state)}</p>"
        return head + f"<p>{escape(self.headline)}</p>" + self.thresholds()._repr_html_()

    @cached_property
    def headline(self) -> str:
        """Three to six sentences that say what was found, with intervals and what limits them."""
        try:
            beside = self.predictions
        except ValueError:  # the data are gone, so theories cannot be evaluated
            beside = {}
        return " ".join(headline(self, beside))

    def thresholds(self, tolerance: Asked = None, steps: float | None = None) -> Records[ThresholdRecord]:
        """Return the threshold of every regime, n and d.

        Without arguments it is the leading one: of exact fits with unlimited steps where the run decides these, else
        at the reported tolerance within the budget.

        Args:
            tolerance: A tolerance of the suite, 0 for exact fits, or a recorded mark such as ``Mark("error", 0.0)``.
            steps: A budget smaller than the suite's, in steps, or ``math.inf`` for unlimited steps.

        Raises:
            ValueError: If the tolerance was not recorded, or an exact fit is asked for within a number of steps.
        """
        rows = (threshold_record(*place, self.threshold(*place, tolerance, steps)) for place in self.places)
        return Records(ThresholdRecord, rows)

    def theories(self, tolerance: Asked = None, steps: float | None = None) -> Records[TheoryRecord]:
        """Return the width that each theory asks for at every regime, n and d that it concerns, beside k½.

        Args:
            tolerance: As for :meth:`thresholds`, for k½.
            steps: As for :meth:`thresholds`, for k½.

        Raises:
            ValueError: If the tolerance was not recorded, or the suite's problems cannot be drawn.
        """
        rows = (
            theory_record(prediction, place[0], self.threshold(*place, tolerance, steps).k_half)
            for place in self.places
            for prediction in self.predictions[place]
        )
        return Records(TheoryRecord, rows)

    def exponents(self, tolerance: Asked = None, steps: float | None = None) -> Records[ExponentRecord]:
        """Return the exponents of k½ in n and d of every regime that has a width.

        Args:
            tolerance: As for :meth:`thresholds`.
            steps: As for :meth:`thresholds`.

        Raises:
            ValueError: If the tolerance was not recorded.
        """
        names = (regime.name for regime in self.suite.regimes if regime.model.has_width)
        fits = ((name, self.exponent_fit(name, tolerance, steps)) for name in names)
        return Records(ExponentRecord, (exponent_record(name, fit) for name, fit in fits))

    def laws(self, tolerance: Asked = None, steps: float | None = None) -> Records[LawRecord]:
        """Return the constants with which formulas for k½, such as C n/d, lie in the brackets of every regime.

        Args:
            tolerance: As for :meth:`thresholds`.
            steps: As for :meth:`thresholds`.

        Raises:
            ValueError: If the tolerance was not recorded.
        """
        return Records(LawRecord, (compared.record() for compared in each_law(self, tolerance, steps)))

    def trials(self, tolerance: Asked = None, steps: int | None = None) -> Records[TrialRecord]:
        """Return every trial, ordered by regime, n, d, width and seed.

        Args:
            tolerance: Tolerance of the verdicts, by default the reported one.
            steps: Budget of the verdicts, by default the suite's.

        Raises:
            ValueError: If the tolerance was not recorded.
        """
        return Records(TrialRecord, each_trial(self, tolerance, steps))

    def figure(self, name: str) -> Figure:
        """Return a figure as a matplotlib figure.

        Args:
            name: One of :attr:`figure_names`, such as ``transitions``.

        Raises:
            ValueError: If there is no figure of that name, or the run has no data for it.
        """
        for drawing in self._figures.drawings:
            if drawing.name == name:
                return drawing.draw()
        for one in self._figures.left_out:
            if one.name == name:
                raise ValueError(f"figure {name!r} cannot be drawn: {one.reason}")
        known = self.figure_names
        raise ValueError(f"there is no figure {name!r}{in_place_of(name, known)}")

    @property
    def figure_names(self) -> tuple[str, ...]:
        """Names of the figures that the run has the data for."""
        return tuple(drawing.name for drawing in self._figures.drawings)

    @cached_property
    def _figures(self) -> Catalogue:
        from harness.report.figures.catalogue import catalogue  # brings matplotlib

        return catalogue(self, self.predictions)

    @cached_property
    def predictions(self) -> dict[tuple[str, int, int], tuple[Prediction, ...]]:
        """Predictions of the theories that concern each (regime, n, d).

        Raises:
            ValueError: If the suite's problems cannot be drawn.
        """
        return predict_results(self)
