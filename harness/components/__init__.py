"""The nouns of the harness: components (what plugins provide) and records (what passes between modules).

A component is a frozen dataclass whose fields are its options, as written in a suite. Its mathematics is
stated for one network; the engine stacks it. Nothing here imports torch: a theory can be evaluated, a suite
checked and a plugin listed without it.
"""

from harness.activation_names import ActivationName
from harness.components.component import Component
from harness.components.criterion import Criterion, ResidualCriterion
from harness.components.dataset import Dataset
from harness.components.diagnostic import Diagnostic, Network
from harness.components.initializer import Initializer
from harness.components.model import Model, ModelTraits, ShallowForm, Stack
from harness.components.optimizer import Optimizer, PairedBalls
from harness.components.outcome import Cell, Outcome
from harness.components.problem import Problem
from harness.components.regime import Regime
from harness.components.theory import Assumption, Construction, Exponents, Theory, Width
from harness.components.vocabulary import (
    Array,
    Certainty,
    Fraction,
    Guarantee,
    NonNegative,
    Params,
    Positive,
    PositiveInt,
    StepSize,
    Trained,
    Verdict,
    Weights,
)

__all__ = [
    "ActivationName",
    "Array",
    "Assumption",
    "Cell",
    "Certainty",
    "Component",
    "Construction",
    "Criterion",
    "Dataset",
    "Diagnostic",
    "Exponents",
    "Fraction",
    "Guarantee",
    "Initializer",
    "Model",
    "ModelTraits",
    "Network",
    "NonNegative",
    "Optimizer",
    "Outcome",
    "PairedBalls",
    "Params",
    "Positive",
    "PositiveInt",
    "Problem",
    "Regime",
    "ResidualCriterion",
    "ShallowForm",
    "Stack",
    "StepSize",
    "Theory",
    "Trained",
    "Verdict",
    "Weights",
    "Width",
]
