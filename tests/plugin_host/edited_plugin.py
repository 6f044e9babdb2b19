"""A plugin file with an initializer, versions of it, and a suite with a regime that uses it."""

from __future__ import annotations

CODE = """
from dataclasses import dataclass
from typing import ClassVar
from harness import Initializer, hookimpl
from harness.builtin.initializers import LeCun

@dataclass(frozen=True)
class Half(LeCun):
    name: ClassVar[str] = "half"

    def draw(self, model, d, k, rng):
        return {name: 0.5 * value for name, value in super().draw(model, d, k, rng).items()}

@hookimpl
def harness_initializers():
    return [Half]
"""
EDITED = CODE.replace("0.5 * value", "4.0 * value")

THEORY = """
import math
from harness import Claim, Reference, Theory, Width

FACTOR = 2.0
SHARED = 1.0

def helper(n):
    return FACTOR * math.log(n)

@dataclass(frozen=True)
class Log(Theory):
    name: ClassVar[str] = "log"
    claim: ClassVar[Claim] = Claim(
        title="t", formula="log n", reference=Reference("A."), guarantee="necessary", certainty="derived", home={}
    )

    def concerns(self, regime):
        return True

    def width(self, problem, regime):
        return Width(SHARED * helper(problem.n))

    def step_size(self, problem, regime, weights):
        return 0.01

THEORIES = [Log]

@hookimpl
def harness_theories():
    return THEORIES

@hookimpl
def harness_regimes():
    return ()
"""
CLAIMS = CODE.replace("0.5 * value", "SHARED * value") + THEORY

SUITE = """
[suite]
name = "mine"
[problems]
dataset = "sphere"
n = 12
d = 5
[budget]
steps = 50
tolerances = [0.5]
[search]
method = "grid"
widths = [2]
trials = 2
[[regimes]]
name = "shipped"
use = "moderate"
[[regimes]]
name = "own"
use = "moderate"
initializer = { use = "half" }
"""
