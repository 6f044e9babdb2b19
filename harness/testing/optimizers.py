"""Checks of optimizers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.components import Optimizer, PairedBalls, Params
from harness.testing.case import Check, NotApplicable, Subject, told
from harness.testing.models import far
from harness.testing.samples import variants
from harness.testing.state import NO_GLOBALS, same, twice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

NETWORKS, STEPS = 3, 5


def _weights(seed: int, dtype: str = "float64") -> Params:
    """Return weights W (4, 3) and v (4,)."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    shapes = {"W": (4, 3), "v": (4,)}
    return {name: torch.randn(s, generator=generator, dtype=getattr(torch, dtype)) for name, s in shapes.items()}


def _eta(dtype: str = "float64") -> Tensor:
    import torch

    return torch.tensor(0.05, dtype=getattr(torch, dtype))


def _started(made: Optimizer, params: Params) -> Params:
    """Return the state before the first step.

    Raises:
        TypeError: If it is no dictionary of tensors.
    """
    return _tensors(made.start(params), "start", "state")


def _stepped(made: Optimizer, params: Params, grads: Params, state: Params, eta: Tensor) -> tuple[Params, Params]:
    """Return weights and state after a step.

    Raises:
        TypeError: If update returns no pair of dictionaries of tensors.
    """
    found: object = made.update(params, grads, state, eta)
    if not isinstance(found, tuple) or len(found) != 2:
        raise TypeError(f"update returns {type(found).__name__}, expected a pair: return weights, state")
    return _tensors(found[0], "update", "weights"), _tensors(found[1], "update", "state")


def _tensors(values: object, method: str, what: str) -> Params:
    import torch

    if not isinstance(values, dict):
        raise TypeError(f"{method} returns {type(values).__name__} as the {what}, expected a dictionary of tensors")
    for name, value in values.items():
        if not isinstance(value, torch.Tensor):
            found = f"{method} returns {what} with {name!r} = {value!r}"
            raise TypeError(f"{found}, expected tensors alone: torch.tensor({value!r}) if it is a number")
    return values


def update(subject: Subject) -> Iterator[str]:
    """A step returns weights and state of the same names, shapes and dtypes."""
    for made, options in variants(subject.item):
        where = told(options)
        for dtype in ("float32", "float64"):
            params = _weights(0, dtype)
            state = _started(made, params)
            found, after = _stepped(made, params, _weights(1, dtype), state, _eta(dtype))
            for what, old, new in (("weights", params, found), ("state", state, after)):
                if _form(old) != _form(new):
                    yield f"update turns {what} {_form(old)} into {_form(new)}{where}: keep names, shapes and dtypes"
        size = made.batch_size(20)
        if type(size) is not int or not 1 <= size <= 20:
            yield f"batch_size(20) is {size!r}{where}, expected a whole number from 1 to 20"


def _form(values: Params) -> dict[str, str]:
    return {name: f"{tuple(v.shape)} {str(v.dtype).removeprefix('torch.')}" for name, v in sorted(values.items())}


def pure(subject: Subject) -> Iterator[str]:
    """A step changes none of its arguments, and depends on nothing else."""
    for made, options in variants(subject.item):
        where = told(options)
        params, grads = _weights(0), _weights(1)
        state = _started(made, params)
        given = {"weights": params, "gradients": grads, "state": state}
        before = {what: {n: v.clone() for n, v in values.items()} for what, values in given.items()}

        def step(made: Optimizer = made, given: dict[str, Params] = given) -> tuple[Params, Params]:
            found, after = _stepped(made, given["weights"], given["gradients"], given["state"], _eta())
            return {n: v.clone() for n, v in found.items()}, {n: v.clone() for n, v in after.items()}

        first, again = twice(step)
        for what, values in given.items():
            if not same(values, before[what]):
                yield f"update changes the {what} it is given{where}: return new tensors, without in-place operations"
                break
        else:
            if not same(first, again):
                yield f"update gives another step when called again{where}: keep everything in the state; {NO_GLOBALS}"


def stackable(subject: Subject) -> Iterator[str]:
    """The state of many networks is the stack of their states: start and update can be mapped by torch.func.vmap."""
    import torch
    from torch.func import vmap

    for made, options in variants(subject.item):
        where = told(options)
        many, slopes = [_weights(s) for s in range(NETWORKS)], [_weights(s + 10) for s in range(NETWORKS)]
        eta = torch.tensor([0.01, 0.05, 0.1], dtype=torch.float64)
        _stepped(made, many[0], slopes[0], _started(made, many[0]), eta[0])
        try:
            state = vmap(made.start)(_stacked(many))
            found, after = vmap(made.update)(_stacked(many), _stacked(slopes), state, eta)
        except (RuntimeError, ValueError) as error:
            text = str(error).splitlines()[0]
            yield f"torch.func.vmap cannot map it{where} ({text}): tensors only in the state, no if on values"
            continue
        alone = [made.update(p, g, made.start(p), e) for p, g, e in zip(many, slopes, eta, strict=True)]
        for what, mapped, single in (
            ("weights", found, [a[0] for a in alone]),
            ("state", after, [a[1] for a in alone]),
        ):
            expected = _stacked(single)
            wrong = [name for name in expected if far(mapped[name], expected[name])]
            if wrong:
                yield f"mapped over a stack, update gives other {what} {', '.join(wrong)} than one network alone{where}"


def _stacked(many: list[Params]) -> Params:
    import torch

    return {name: torch.stack([one[name] for one in many]) for name in many[0]}


def heavy_ball(subject: Subject) -> Iterator[str]:
    """Steps are m ← βm − ηg, w ← w + m where a β is given."""
    stated = False
    for made, options in variants(subject.item):
        beta = made.heavy_ball()
        if beta is None:
            continue
        stated = True
        if not 0 <= beta < 1:
            yield f"heavy_ball() is {beta!r}{told(options)}, expected 0 ≤ β < 1"
            continue
        params = _weights(0)
        state, ball = made.start(params), {name: 0 * value for name, value in params.items()}
        expected = params
        for step in range(STEPS):
            grads = _weights(20 + step)
            params, state = made.update(params, grads, state, _eta())
            ball = {name: beta * ball[name] - _eta() * grads[name] for name in ball}
            expected = {name: expected[name] + ball[name] for name in ball}
        if gap := max(far(params[name], expected[name]) for name in expected):
            yield (
                f"after {STEPS} steps update is {gap:.1e} away from the heavy ball of β = {beta:g}{told(options)}: "
                "return None from heavy_ball()"
            )
    if not stated:
        raise NotApplicable("heavy_ball() is None; update is used")


def constraint(subject: Subject) -> Iterator[str]:
    """Steps are gradient steps projected onto the set, where one is given."""
    stated = False
    for made, options in variants(subject.item):
        balls = made.constraint()
        if balls is None:
            continue
        stated = True
        params = start = _weights(0)
        state = made.start(params)
        for step in range(STEPS):
            grads = {name: 60 * value for name, value in _weights(30 + step).items()}  # far enough to meet the bounds
            stepped = {name: params[name] - _eta() * grads[name] for name in params}
            params, state = made.update(params, grads, state, _eta())
            expected = projection(stepped, start, balls)
            if gap := max(far(params[name], expected[name]) for name in expected):
                yield (
                    f"update is {gap:.1e} away from the projection that constraint() describes{told(options)}: "
                    "mend one of them, or return None from constraint()"
                )
                break
    if not stated:
        raise NotApplicable("constraint() is None; update is used")


def projection(params: Params, start: Params, balls: PairedBalls) -> Params:
    """Return the nearest weights in the set, pair by pair, as :class:`harness.PairedBalls` defines it."""
    half = len(params["v"]) // 2
    hidden, output = params["W"].clone(), params["v"].clone()
    for j in range(len(hidden)):
        away = hidden[j] - start["W"][j]
        length = float(away.norm())
        if length > balls.epsilon:
            hidden[j] = start["W"][j] + away * (balls.epsilon / length)
    for j in range(half):
        sign = 1.0 if float(start["v"][j]) >= 0 else -1.0
        size = min(max(sign * float(params["v"][j] - params["v"][j + half]) / 2, balls.zeta), balls.kappa)
        output[j], output[j + half] = sign * size, -sign * size
    return {**params, "W": hidden, "v": output}


OPTIMIZER = ("optimizer",)
CHECKS = (
    Check("update", OPTIMIZER, update),
    Check("pure", OPTIMIZER, pure),
    Check("stackable", OPTIMIZER, stackable),
    Check("heavy ball", OPTIMIZER, heavy_ball),
    Check("constraint", OPTIMIZER, constraint),
)
