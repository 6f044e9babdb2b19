"""The Hessian in blocks: the numbers of the dense one, the same paths, and no matrix of p rows."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from harness.mathematics.limit import follow, leaps, split_hessian
from harness.mathematics.limit.leaps import IN_OUTPUTS, SHIFT
from harness.mathematics.limit.split_hessian import SplitHessian
from tests.mathematics.smooth_nets import start, train, violations

FORMS = [(False, False), (True, False), (True, True), (False, True)]


@pytest.mark.parametrize(("both", "offset"), FORMS)
def test_products_systems_and_functions_are_those_of_the_hessian(both: bool, offset: bool) -> None:
    """Functions are compared where ∇²F + sI is positive definite, which is where leaps use them."""
    begun = start("tanh", 20, 6, 12, 1, both=both, offset=offset, c=0.5)
    point = begun.net.at(train([begun], 500)[0][0])
    hessian, dense = SplitHessian(point), point.hessian
    values, vectors = np.linalg.eigh(dense)
    u = np.random.default_rng(0).standard_normal(len(values))
    np.testing.assert_allclose(hessian.times(u), dense @ u, rtol=1e-9, atol=1e-12)
    assert hessian.largest(point.gradient)[0] == pytest.approx(values[-1], rel=1e-3)
    signs = set()
    for times in 10.0 ** np.arange(7):
        time = times / values[-1]
        shifted = hessian.shifted(SHIFT / time)
        system = dense + SHIFT / time * np.eye(len(u))
        np.testing.assert_allclose(system @ shifted.solve(u), u, atol=1e-6)
        assert shifted.positive == bool(values[0] + SHIFT / time > 0.0)
        signs.add(shifted.positive)
        if shifted.positive:
            near, basis = shifted.around(point.gradient)
            moves = [
                q @ (-np.expm1(-time * at) / at * (q.T @ point.gradient))
                for at, q in ((values, vectors), (near, basis))
            ]
            assert np.linalg.norm(moves[0] - moves[1]) <= 1e-3 * np.linalg.norm(moves[0])
    assert signs == {True, False}
    assert shifted.around(0.0 * u)[1].shape == (len(u), 0)


@pytest.mark.parametrize(("both", "seed"), [(False, 1), (True, 2), (True, 5)])
def test_leaps_from_systems_take_the_path_of_those_from_the_hessian(
    both: bool, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = start("tanh", 16, 6, 10, seed, both=both, kind="clustered", c=0.2)
    point, found = begun.net.at(train([begun], 300)[0][0]), []
    for chosen in (True, False):
        monkeypatch.setattr(leaps, "splits", lambda *_, chosen=chosen: chosen)
        found.append(follow(point, begun.step_size))
    split, dense = found
    assert min(split.leaps, dense.leaps) > IN_OUTPUTS + 5
    assert split.end == dense.end == ("edge" if seed == 5 else "fit")
    assert split.steps == pytest.approx(dense.steps, rel=0.1)
    assert split.largest == pytest.approx(dense.largest, rel=1e-2)
    if split.certificate is not None:
        assert violations([(begun, split)], 2000) == (1, 0, [])


def test_a_wide_net_forms_no_matrix_of_p_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = start("sigmoid", 30, 60, 50, 0)
    point, size = begun.net.at(begun.theta), begun.net.size
    monkeypatch.setattr(leaps, "IN_OUTPUTS", 0)
    follow(point, begun.step_size, 1)
    tracemalloc.start()
    path = follow(point, begun.step_size, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.leaps == 3
    assert path.point.norm < point.norm
    assert peak < size**2 * 8 / 3


def test_blocks_are_held_three_times_and_only_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks, their eigenvectors, and their inverses; neither the last leap's nor products of all at once."""
    begun = start("sigmoid", 10, 80, 15, 0)
    point, size = begun.net.at(begun.theta), 15 * 80**2
    monkeypatch.setattr(leaps, "IN_OUTPUTS", 1)
    monkeypatch.setattr(split_hessian, "AT_ONCE", 1)
    tracemalloc.start()
    assert follow(point, begun.step_size, 3).leaps == 3
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 3 * 8 * size < peak < 3.5 * 8 * size
    for most, end, taken in ((size, "unfinished", 2), (size - 1, "large", 1)):
        monkeypatch.setattr(leaps, "MOST_ENTRIES", most)
        path = follow(point, begun.step_size, 2)
        assert (path.end, path.leaps) == (end, taken)
    assert split_hessian.entries(start("tanh", 5, 6, 7, 0, both=True).net) == 7 * 7**2


def test_a_path_by_the_hessian_holds_four_matrices_of_its_size() -> None:
    """The Hessian, its eigenvectors, and what is made from them; neither the last leap's nor J."""
    begun = start("tanh", 200, 20, 15, 1, c=0.5)
    point = begun.net.at(begun.theta)
    tracemalloc.start()
    assert follow(point, begun.step_size, 2).leaps == 2
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 4 * 8 * 300**2
