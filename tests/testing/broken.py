# ruff: noqa: E501  # a table of cases reads best with a case a line
"""Plugins that break one rule each: what is put in place of what, in a plugin that breaks none."""

from __future__ import annotations

from typing import NamedTuple

SOUND = '''"""A plugin that keeps every rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import click
import numpy as np

from harness import *
from harness import hookimpl
from harness.engine import lanes
from harness.mathematics import limit
from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.builtin.criteria import Quadratic


@dataclass(frozen=True)
class Net(ShallowNet):
    """f(x) = α vᵀφ(Wx), softplus.

    Attributes:
        alpha: α.
    """

    name: ClassVar[str] = "net"
    alpha: Positive = 1.0

    def forward(self, params, x):
        return self.alpha * super().forward(params, x)

    def stack(self, params, x):
        return NetStack(super().stack(params, x), self.alpha)

    def shallow_form(self):
        return ShallowForm(self.activation, self.train, self.alpha)

    def kernel(self, params, x):
        return self.alpha**2 * super().kernel(params, x)

    def describe(self):
        return ModelTraits(trains=self.train, activation=self.activation, biases=self.biases)


class NetStack(Stack):
    """The stack of the shallow net, scaled."""

    def __init__(self, inner, alpha):
        self.inner, self.alpha = inner, alpha

    def forward(self, out, offset):
        self.inner.forward(out, lanes.zeros(*offset.shape, like=offset))
        out.mul_(self.alpha).add_(offset)

    def vjp(self, cotangent, into, keep):
        self.inner.vjp(lanes.put(self.alpha * cotangent), into, keep)

    def load(self, x):
        self.inner.load(x)


@dataclass(frozen=True)
class Loud(Model):
    """f(x) = vᵀ(ε ∘ tanh(Wx)) with noise ε."""

    name: ClassVar[str] = "loud"

    def shapes(self, d, k):
        return {"W": (k, d), "v": (k,)}

    def activation_noise(self):
        return ActivationNoise("gaussian", 0.3)

    def forward(self, params, x):
        hidden = (x @ params["W"].mT).tanh()
        return (hidden * params[FACTORS].mT if FACTORS in params else hidden) @ params["v"]


@dataclass(frozen=True)
class Start(Initializer):
    """Gaussian weights."""

    name: ClassVar[str] = "start"
    needs: ClassVar[str] = "weights that are not biases"

    def accepts(self, model):
        return "b" not in model.shapes(2, 4)

    def draw(self, model, problem, k, rng):
        return {name: np.asarray(rng.standard_normal(shape)) for name, shape in model.shapes(problem.d, k).items()}


@dataclass(frozen=True)
class Ball(Optimizer):
    """m ← βm − ηg, w ← w + m.

    Attributes:
        beta: β.
    """

    name: ClassVar[str] = "ball"
    beta: Fraction = 0.5

    def start(self, params):
        return {name: 0 * value for name, value in params.items()}

    def update(self, params, grads, state, step_size):
        state = {name: self.beta * state[name] - step_size * grads[name] for name in grads}
        return {name: params[name] + state[name] for name in grads}, state

    def heavy_ball(self):
        return self.beta


@dataclass(frozen=True)
class Tight(GradientDescent):
    """Gradient descent onto a set."""

    name: ClassVar[str] = "tight"

    def start(self, params):
        return {"centre": params["W"].clone(), "signs": (params["v"][: len(params["v"]) // 2] >= 0) * 2.0 - 1.0}

    def update(self, params, grads, state, step_size):
        import torch

        stepped = {name: params[name] - step_size * grads[name] for name in grads}
        moved = stepped["W"] - state["centre"]
        length = moved.norm(dim=1, keepdim=True)
        half = len(stepped["v"]) // 2
        size = (state["signs"] * (stepped["v"][:half] - stepped["v"][half:]) / 2).clamp(0.1, 2.0) * state["signs"]
        inside = state["centre"] + moved * (1.5 / length.clamp(min=1.5))
        return {**stepped, "W": inside, "v": torch.cat([size, -size])}, state

    def heavy_ball(self):
        return None

    def constraint(self):
        return PairedBalls(1.5, 0.1, 2.0)


@dataclass(frozen=True)
class Quartic(Criterion):
    """Loss Σ r⁴/4 + r²/2; measure max |r|."""

    name: ClassVar[str] = "quartic"

    def loss(self, outputs, y):
        r = outputs - y
        return (r**4).sum() / 4 + (r**2).sum() / 2

    def measure(self, outputs, y):
        return (outputs - y).abs().max()


@dataclass(frozen=True)
class Squares(ResidualCriterion):
    """Loss 3/2 ‖f − y‖²; measure ‖f − y‖²."""

    name: ClassVar[str] = "squares"

    def curvature(self, n):
        return 3.0

    def measure_norm(self, norm, y_norm, n):
        return norm * norm


@dataclass(frozen=True)
class Cloud(Dataset):
    """Gaussian inputs and labels."""

    name: ClassVar[str] = "cloud"

    def draw(self, n, d, rng):
        return rng.standard_normal((n, d)), rng.standard_normal(n)

    def targets(self):
        return Targets("numbers")

    def split(self, n, d, rng, further):
        return [self.draw(rows, d, source) for rows, source in [(n, rng), *further]]


@dataclass(frozen=True)
class Size(Diagnostic):
    """‖w‖."""

    name: ClassVar[str] = "size"
    summary: ClassVar = "last"

    def measure(self, network):
        return float(sum((value**2).sum() for value in network.params.values()) ** 0.5)


@dataclass(frozen=True)
class Claim(Theory):
    """Claim k ≥ n^2/d."""

    name: ClassVar[str] = "claim"
    title: ClassVar[str] = "A claim"
    reference: ClassVar[str] = "A. Nother 2027."
    bibtex: ClassVar[str] = "@misc{nother, title = {On {C}laims}, author = {Nother, A.}, year = {2027}}"
    guarantee: ClassVar = "convergence"
    certainty: ClassVar = "read"
    certainty_note: ClassVar[str] = "the theorem was read"
    formula: ClassVar[str] = "k ≥ C n²/d"
    exponents: ClassVar = Exponents((2.0, -1.0))
    home: ClassVar = {"use": "own"}

    def concerns(self, regime):
        return isinstance(regime.model, ShallowNet)

    def assumptions(self, problem, regime):
        return [Assumption("n ≥ d", problem.n >= problem.d)]

    def width(self, problem, regime):
        return Width(problem.n**2 / problem.d)

    def step_size(self, problem, regime, weights):
        return 0.01


class Lines(Renderer):
    """One line a row."""

    name = "lines"
    suffix = ".txt"
    summary = "plain lines"

    def render(self, table, width=None):
        return "".join(" ".join(entry.text() for entry in row.entries) + chr(10) for row in table.rows)


@click.command("hello")
def hello():
    """Say hello."""


OWN = Regime(
    "own", Net(), Start(), Ball(), Quadratic(), theory="claim", summary="a net of its own", diagnostics=(Size(),)
)


@dataclass(frozen=True)
class Witch(Activation):
    """φ(z) = z/(1 + z²)."""

    name: ClassVar[str] = "witch"
    b1: ClassVar[float] = 1.0
    b2: ClassVar[float] = 1.4572  # at √2 − 1
    smooth: ClassVar[bool] = True
    analytic: ClassVar[bool] = True
    odd: ClassVar[bool] = True

    def phi(self, z):
        return z / (1 + z * z)

    def dphi(self, z):
        return (1 - z * z) / (1 + z * z) ** 2

    def forward(self, z):
        return z / (1 + z * z)

    def cpp(self):
        return "const vec t = real(1) / (z * z + real(1)); phi = z * t; slope = (real(1) - z * z) * t * t;"


@hookimpl
def harness_activations(): return [Witch]
@hookimpl
def harness_models(): return [Net, Loud]
@hookimpl
def harness_initializers(): return [Start]
@hookimpl
def harness_optimizers(): return [Ball, Tight]
@hookimpl
def harness_criteria(): return [Quartic, Squares]
@hookimpl
def harness_datasets(): return [Cloud]
@hookimpl
def harness_diagnostics(): return [Size]
@hookimpl
def harness_theories(): return [Claim]
@hookimpl
def harness_regimes(): return [OWN]
@hookimpl
def harness_renderers(): return [Lines]
@hookimpl
def harness_commands(): return [hello]


class Loop(Solver):
    """Trains one network after the other in NumPy."""

    name: ClassVar[str] = "loop"

    def refuses(self, regime):
        traits = regime.model.describe()
        relu = str(traits.activation) == "relu" and traits.trains == "hidden" and not traits.biases
        quadratic = isinstance(regime.criterion, Quadratic)
        return "" if relu and quadratic and regime.optimizer.heavy_ball() == 0.0 else "it takes hidden layers of ReLU"

    def train(self, regime, trials, budget):
        recorder = Recorder(regime, trials, budget)
        for run, trial in enumerate(trials):
            x, y, w, v = trial.problem.x, trial.problem.y, trial.weights["W"], trial.weights["v"]
            for step in range(recorder.last + 1):
                residual = np.maximum(x @ w.T, 0.0) @ v - y
                measure = np.linalg.norm(residual) / np.linalg.norm(y)
                if recorder.note(run, step, float(measure), {"W": w, "v": v}):
                    break
                w = w - trial.step_size * ((residual[:, None] * (x @ w.T > 0.0) * v).T @ x)
        return recorder.outcomes()


@hookimpl
def harness_solvers():
    return [Loop]


@dataclass(frozen=True)
class Patient(Continuation):
    """Fits of softplus layers, by the length of the path."""

    name: ClassVar[str] = "patient"

    def refuses(self, regime, q):
        form = regime.model.shallow_form()
        plain = form is not None and str(form.activation) == "softplus" and form.trains == "hidden" and not form.biases
        return "" if q == 1 and plain and type(regime.criterion) is Quadratic else "it takes softplus layers"

    def take_on(self, regime, trained, descend, most):
        problem, weights, spent = trained.trial.problem, trained.weights, 0
        net = limit.Net(regime.model.activation, problem.x, problem.y, weights["v"])
        while spent < most:
            found = limit.certify(net.at(weights["W"].ravel()), trained.trial.step_size)
            if found is not None and found.proved:
                return Fate("fit proved", self.name, 2.0, 0.0, work=spent)
            weights, taken, _ = descend(weights, min(500, most - spent), 0.0)
            spent += taken
        return Fate("open", work=spent)


@hookimpl
def harness_continuations():
    return [Patient]
'''


class Broken(NamedTuple):
    """What is broken.

    Attributes:
        subject: Whose check must fail.
        check: Which check.
        words: Part of the message.
        old: Part of the sound plugin.
        new: What stands in its place.
    """

    subject: str
    check: str
    words: str
    old: str
    new: str


FORWARD = "return self.alpha * super().forward(params, x)"
DRAW = "return rng.standard_normal((n, d)), rng.standard_normal(n)"
CLOUD = 'name: ClassVar[str] = "cloud"'
NEEDS = 'needs: ClassVar[str] = "weights that are not biases"'
STREAMED = f"""{CLOUD}
    size: Positive = 1.0

    def stream(self):
        return {{"use": self.name}}

    def draw(self, n, d, rng):
        return self.size * rng.standard_normal((n, d)), rng.standard_normal(n)"""
WEIGHTS = "return {name: np.asarray(rng.standard_normal(shape)) for name, shape in model.shapes(problem.d, k).items()}"
LOSS = "return (r**4).sum() / 4 + (r**2).sum() / 2"
MAX = "return (outputs - y).abs().max()"
MOVE = "state = {name: self.beta * state[name] - step_size * grads[name] for name in grads}"
STEP = "return {name: params[name] + state[name] for name in grads}, state"
LAW = "((2.0, -1.0))"
WIDTH = "return Width(problem.n**2 / problem.d)"

BROKEN = (
    Broken("plugin plugin", "loads", "Cloud has the name 'Cloud 9'", '"cloud"', '"Cloud 9"'),
    Broken("plugin plugin", "loads", "harness_models takes registry", "harness_models()", "harness_models(registry)"),
    Broken("plugin plugin", "module docstring", "begin it with one line", '"""A plugin that keeps every rule."""', ""),
    Broken("plugin plugin", "import", "from torch.float32 to torch.float64, for every", "import click\n", "import click\nimport torch\ntorch.set_default_dtype(torch.float64)\n"),
    Broken("plugin plugin", "import", "changes torch's random numbers its state", "import click\n", "import click\nimport torch\ntorch.manual_seed(torch.initial_seed() + 1)\n"),
    Broken("dataset cloud", "docstring", "Cloud has no docstring", '    """Gaussian inputs and labels."""\n', ""),
    Broken("optimizer ball", "docstring", "'beta' is not described", "        beta: β.\n", "        other: β.\n"),
    Broken("optimizer ball", "docstring", "no option without a type: write beta: float = 0.5", "beta: Fraction = 0.5", "beta = 0.5"),
    Broken("regime own", "docstring", "summary=…", 'summary="a net of its own"', 'summary=""'),
    Broken("command hello", "docstring", "the command has no help", '    """Say hello."""', "    pass"),
    Broken(
        "command hello",
        "help",
        "--help ends with status 1",
        '@click.command("hello")',
        'class Sour(click.Command):\n    def format_help(self, ctx, formatter):\n        raise KeyError("h")\n\n\n'
        '@click.command("hello", cls=Sour)',
    ),
    Broken(
        "optimizer ball",
        "options",
        "spec() leaves out 'beta'",
        "    def heavy_ball(self):\n        return self.beta",
        "    def options(self):\n        return {'step_size': self.step_size, 'c': self.c}\n\n"
        "    def heavy_ball(self):\n        return self.beta",
    ),
    Broken("optimizer ball", "options", "has the type Any", "beta: Fraction = 0.5", "beta: Any = 0.5"),
    Broken(
        "model net",
        "shapes",
        "trained() names u, which shapes() does not have",
        "    def stack(self",
        "    def trained(self):\n        return ('u',)\n\n    def stack(self",
    ),
    Broken("model net", "forward", "returns shape (6, 1)", FORWARD, f"{FORWARD}[:, None]"),
    Broken("model net", "forward", "float32 from float64", FORWARD, f"{FORWARD}.float()"),
    Broken(
        "model net", "forward", "mixes devices", FORWARD, f"import torch; {FORWARD} + torch.ones(len(x), dtype=x.dtype)"
    ),
    Broken(
        "model net", "global state", "gives other numbers", FORWARD, f"import random; {FORWARD} + random.random()"
    ),
    Broken("model net", "outputs", "returns shape (6,) for 3 outputs", FORWARD, f"{FORWARD} if params['v'].ndim == 1 else x[:, 0]"),
    Broken("model net", "global state", "changes its arguments", FORWARD, f"params['v'].mul_(2.0); {FORWARD}"),
    Broken("model net", "gradient", "the gradient in W is off", FORWARD, f"{FORWARD} + x.sum(1) * params['W'].detach().sum()"),
    Broken("model net", "mapped", "no .item()", FORWARD, f"{FORWARD} * (1.0 if params['v'].sum() > -1e9 else 2.0)"),
    Broken("model net", "kernel", "differs from JJᵀ", "self.alpha**2 * super().kernel", "self.alpha * super().kernel"),
    Broken(
        "model net",
        "linear",
        "but forward bends",
        "    def stack(self",
        "    def linear(self):\n        return True\n\n    def stack(self",
    ),
    Broken(
        "model net",
        "shallow form",
        "describes another network",
        "ShallowForm(self.activation, self.train, self.alpha)",
        "ShallowForm(self.activation, self.train)",
    ),
    Broken("model loud", "noise", "does not depend on the factors", "hidden * params[FACTORS].mT if", "hidden if"),
    Broken("model loud", "noise", "factors of one change the outputs", "params[FACTORS].mT if", "(params[FACTORS].mT + 1) if"),
    Broken(
        "model loud",
        "noise",
        "is no shallow net",
        'return ActivationNoise("gaussian", 0.3)',
        "return ActivationNoise('gaussian', 0.3)\n\n    def describe(self):\n        return ModelTraits('all', 'tanh', shallow=True)",
    ),
    Broken("model net", "stack", "Stack.forward differs", "out.mul_(self.alpha).add_(offset)", "out.add_(offset)"),
    Broken("model net", "stack", "Stack.vjp differs", "self.alpha * cotangent", "self.alpha**2 * cotangent"),
    Broken("model net", "stack", "Stack.vjp differs", "into, keep)\n\n    def load", "into, 1.0)\n\n    def load"),
    Broken("model net", "stack", "after load()", "        self.inner.load(x)", "        pass"),
    Broken(
        "model net",
        "stack",
        "lane 0 changes when its neighbours do",
        "out.mul_(self.alpha).add_(offset)",
        "out.mul_(self.alpha).add_(offset).add_(out.sum() * 1e-12)",
    ),
    Broken("initializer start", "draws", "model.shapes(problem.d, k) of", WEIGHTS, "return {'W': rng.random((k, 2))}"),
    Broken("initializer start", "draws", "W is float32", WEIGHTS, WEIGHTS.replace("(shape))", "(shape), dtype=np.float32)")),
    Broken("initializer start", "draws", "changes the problem", WEIGHTS, f"problem.y[0] = 9.0; {WEIGHTS}"),
    Broken("initializer start", "accepts", "but needs is empty", '"weights that are not biases"', '""'),
    Broken("initializer start", "accepts", "draw raises KeyError", WEIGHTS, f"model.shapes(2, 4)['U']; {WEIGHTS}"),
    Broken("criterion quartic", "reduction", "gives 1 times the loss", LOSS, "return (r**4).mean() / 4 + (r**2).mean() / 2"),
    Broken("initializer start", "stream", "no plain data", NEEDS, f"{NEEDS}\n\n    def stream(self, shapes):\n        return {{'of': self}}"),
    Broken("initializer start", "stream", "other data when it is asked again", NEEDS, f"{NEEDS}\n\n    def stream(self, shapes):\n        return {{'of': np.random.default_rng().random()}}"),
    Broken("initializer start", "global state", "other weights from the same rng", WEIGHTS, WEIGHTS.replace("rng.", "np.random.")),
    Broken("optimizer ball", "update", "keep names, shapes and dtypes", STEP, STEP.replace("params[name] +", "params[name].double() +")),
    Broken("optimizer ball", "pure", "changes the weights it is given", STEP, STEP.replace("params[name] +", "params[name].add_(1.0) +")),
    Broken("optimizer ball", "stackable", "if on values", MOVE, f"{MOVE}\n        if state['v'].sum() > 1e9:\n            state = {{}}"),
    Broken("optimizer ball", "heavy ball", "away from the heavy ball of β = 0.5", STEP, STEP.replace("+ state", "+ 0.9 * state")),
    Broken("optimizer tight", "constraint", "projection that constraint() describes", "PairedBalls(1.5,", "PairedBalls(1.0,"),
    Broken("criterion quartic", "exact fit", "measure is 1 where outputs equal labels", MAX, f"{MAX} + 1.0"),
    Broken("criterion quartic", "exact fit", "loss does not fall", LOSS, "return (r**4).sum() - 5 * (r**2).sum()"),
    Broken("criterion quartic", "shapes", "expected a scalar", MAX, "return (outputs - y).abs()"),
    Broken("criterion quartic", "gradient", "off by", LOSS, "return (r**4).sum() / 4 + (r.detach() * r).sum()"),
    Broken(
        "criterion quartic",
        "curvature",
        "but the loss curves by",
        MAX,
        f"{MAX}\n\n    def curvature(self, n):\n        return 1.0",
    ),
    Broken(
        "criterion squares",
        "residual norm",
        "away from a/2 ‖f − y‖²",
        "return norm * norm",
        "return norm * norm\n\n    def loss(self, outputs, y):\n        return ((outputs - y) ** 2).sum()",
    ),
    Broken("criterion squares", "residual norm", "expected increasing from 0", "return norm * norm", "return norm - norm"),
    Broken("criterion quartic", "claims", "away from derivative()", MAX, f"{MAX}\n\n    def derivative(self):\n        return 'logistic'"),
    Broken("criterion quartic", "claims", "away from the loss per sample", MAX, f"{MAX}\n\n    def per_sample(self):\n        return 'loss'"),
    Broken("criterion quartic", "global state", "other numbers", MAX, f"import random; {MAX} * random.random()"),
    Broken("dataset cloud", "draws", "inputs have shape", DRAW, "return rng.standard_normal((d, n)), rng.random(n)"),
    Broken("dataset cloud", "draws", "labels are not finite", DRAW, "return rng.random((n, d)), np.full(n, np.nan)"),
    Broken("dataset cloud", "draws", "labels are signs", 'Targets("numbers")', 'Targets("signs")'),
    Broken("dataset cloud", "split", "shapes [((4, ", "self.draw(rows, d", "self.draw(4 if source is not rng else n, d"),
    Broken("dataset cloud", "split", "depends on its further samples", "[(n, rng), *further]", "[(n, further[0][1] if further else rng), *further]"),
    Broken("dataset cloud", "global state", "another problem from the same rng", DRAW, DRAW.replace("rng.", "np.random.")),
    Broken("dataset cloud", "stream", "no plain data", CLOUD, f"{CLOUD}\n\n    def stream(self):\n        return {{'of': self}}"),
    Broken("dataset cloud", "stream", "leaves out an option that changes the inputs", f"{CLOUD}\n\n    def draw(self, n, d, rng):\n        {DRAW}", STREAMED),
    Broken("dataset cloud", "seeds", "two seeds give the same", DRAW, "return np.ones((n, d)), np.ones(n)"),
    Broken("theory os-smooth", "name", "has a theory 'os-smooth', which tables show", 'str] = "claim"', 'str] = "os-smooth"'),
    Broken("theory claim", "texts", "unit is 'neurons'", 'title: ClassVar[str]', 'unit: ClassVar = "neurons"\n    title: ClassVar[str]'),
    Broken("theory claim", "texts", "certainty_note is empty", '"the theorem was read"', '""'),
    Broken("theory claim", "bibtex", "braces are not balanced", "{On {C}laims}", "{On {Claims}"),
    Broken("theory claim", "bibtex", "bibtex has no year", "}, year = {2027}}", "}}"),
    Broken("theory claim", "home", "there is no regime 'onw'; did you mean 'own'?", '{"use": "own"}', '{"use": "onw"}'),
    Broken("theory claim", "home", "is False for its own home", "return isinstance(regime.model, ShallowNet)", "return False"),
    Broken("theory claim", "width", "expected a positive number", WIDTH, "return Width(-1.0)"),
    Broken("theory claim", "width", "without a reason", WIDTH, "return Width(float('nan'))"),
    Broken("theory claim", "exponents", "width() grows 0.111-fold from n = 54, d = 18 to n = 486, d = 54, where", WIDTH, "return Width(1.0 / problem.n)"),
    Broken("theory claim", "exponents", "n^2 d^-1 claimed for n ≥ d give 27: mend exponents", WIDTH, "return Width(float(problem.n))"),
    Broken("theory claim", "exponents", "a factor log^3 n would explain it: Exponents(..., logs=3)", WIDTH, "return Width(problem.n**2 * np.log(problem.n) ** 3 / problem.d)"),
    Broken("theory claim", "exponents", "n^3 d^-1 claimed for n ≥ d give 243", LAW, "((3.0, -1.0))"),
    Broken("theory claim", "exponents", "n^0 d^0 claimed for n < d give 1:", LAW, "((2.0, -1.0), (0.0, 0.0))"),
    Broken("theory claim", "exponents", "n^3 d^-1 claimed for a floor give 243", LAW, "((0.5, 0.0), floor=(3.0, -1.0))"),
    Broken("theory claim", "global state", "others when asked again", WIDTH, "return Width(1.0 + np.random.random())"),
    Broken("theory claim", "step and certificate", "step_size() is -1.0", "return 0.01", "return -1.0"),
    Broken("diagnostic size", "measured", "expected a finite float", "** 0.5)", "** 0.5 * float('inf'))"),
    Broken("diagnostic size", "measured", "finds no number", "return float(sum(", "return float('nan') * float(sum("),
    Broken("regime own", "composed", "there is no theory 'clam'; did you mean 'claim'?", 'theory="claim"', 'theory="clam"'),
    Broken("regime own", "trains", "ends in an error: ArithmeticError: no", WEIGHTS, "raise ArithmeticError('no')"),
    Broken("activation witch", "slope", "dphi differs from central differences", "return (1 - z * z) /", "return (2 - z * z) /"),
    Broken("activation witch", "bounds", "above b1 = 0.5", "b1: ClassVar[float] = 1.0", "b1: ClassVar[float] = 0.5"),
    Broken("activation witch", "bounds", "above b2 = 1.4:", "b2: ClassVar[float] = 1.4572", "b2: ClassVar[float] = 1.4"),
    Broken("activation witch", "symmetries", "φ(3z) is not 3φ(z)", "odd: ClassVar[bool]", "homogeneous: ClassVar[bool]"),
    Broken("activation witch", "tensors", "forward differs from NumPy", "def forward(self, z):\n        return z / (1", "def forward(self, z):\n        return z / (2"),
    Broken("activation witch", "kernel", "in C++ slope differs from NumPy", "(real(1) - z * z) * t", "(real(2) - z * z) * t"),
    Broken("solver loop", "agrees", "by a plain loop at", "w - trial.step_size *", "w - 0.5 * trial.step_size *"),
    Broken("solver loop", "agrees", "mend train, or let refuses() say so", "isinstance(regime.criterion, Quadratic)", "True"),
    Broken("solver loop", "alone", "end with other digits than among", "w - trial.step_size *", "w - (1.0 + 1e-9 * np.random.random()) * trial.step_size *"),
    Broken("continuation patient", "judged", "a fit is proved, but the relative residual is", "found is not None and found.proved", "True"),
    Broken("continuation patient", "judged", "steps later the relative residual is", 'Fate("open", work=spent)', 'Fate("stuck proved", residual=0.9, work=spent)'),
    Broken("continuation patient", "judged", "the fate has no positive floor", 'Fate("open", work=spent)', 'Fate("stuck proved", work=spent)'),
    Broken("continuation patient", "judged", "but may take", "while spent < most:", "spent = 10 * most\n        while spent < most:"),
    Broken("continuation patient", "judged", "take_on() raises: ZeroDivisionError", "net = limit.Net(", "1 / 0\n        net = limit.Net("),
    Broken("continuation patient", "alone", "have other fates than among", "2.0, 0.0, work", "2.0 + np.random.random(), 0.0, work"),
    Broken("renderer lines", "renders", "leaves out relu", "for row in table.rows)", "for row in table.rows[:1])"),
)  # fmt: skip
"""One at least for each check; those of executors are tried on the executors that are there."""
