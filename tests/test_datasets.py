from __future__ import annotations

import builtins
import io
import math
import os
import pickle
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness_moderate.theories import THEORIES

from harness import Dataset, load_suite
from harness.builtin.datasets import (
    DATASETS,
    Antipodal,
    BreastCancer,
    Clustered,
    Diabetes,
    Digits,
    FashionMnist,
    Iris,
    LowDimension,
    NearDuplicates,
    Sphere,
    TableFile,
    Wine,
    real,
)
from harness.builtin.datasets.preparation import Preparation, principal_axes, scaled_labels
from harness.builtin.datasets.table_file import MOST_BYTES
from harness.claims.predictions import predict
from harness.components import Assumption, Problem, Regime
from harness.engine.draws import draw_problem
from harness.mathematics.kernels import lambda_hidden
from harness.mathematics.spectra import extreme_cosines, has_unit_rows, khatri_rao_sigma_min
from harness.plugin_host.component_data import component_from
from harness.plugin_host.composition import build_regime
from harness.plugin_host.registry import Registry
from harness.suite.toml_text import toml_text

CSV = "age,height,y\n" + "".join(f"{i},{(7 * i) % 11 + i / 9},{i % 2}\n" for i in range(20))

EVERY: list[Dataset] = [
    *(cls() for cls in DATASETS if cls not in (TableFile, Wine, Iris, FashionMnist)),
    Wine(labels="rademacher"),
    FashionMnist(labels="parity", label_noise=0.2),
    Sphere(labels="rademacher"),
    LowDimension(dimension=2, noise=0.3),
    Clustered(clusters=3, separation=1.2, radius=0.0),
    NearDuplicates(distance=0.0),
    NearDuplicates(distance=2.0),
    Digits(labels="gaussian", reduce="random"),
    BreastCancer(normalise=False),
    Diabetes(labels="rademacher", normalise=False, reduce="random"),
]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("dataset", EVERY, ids=str)
@pytest.mark.parametrize(("n", "d"), [(15, 7), (1, 5), (30, 10)])
def test_draws_keep_to_the_contract(dataset: Dataset, n: int, d: int, registry: Registry) -> None:
    problem = draw_problem(dataset, n, d, seed=3, base=1)
    assert (problem.x.shape, problem.y.shape) == ((n, d), (n,))
    assert problem.x.flags.owndata or problem.x.base is not None
    again = draw_problem(dataset, n, d, seed=3, base=1)
    np.testing.assert_array_equal(problem.x, again.x)
    np.testing.assert_array_equal(problem.y, again.y)
    other = draw_problem(dataset, n, d, seed=4, base=1)
    assert not np.array_equal(problem.x, other.x)
    assert component_from(registry, "dataset", dataset.spec()) == dataset
    if getattr(dataset, "normalise", True) and dataset.name != "gaussian":
        assert has_unit_rows(problem.x)


# --- shaped inputs --------------------------------------------------------------------------------


def test_a_subspace_bounds_the_rank_of_inputs_and_of_their_squares() -> None:
    x, _ = LowDimension(dimension=4).draw(30, 20, rng())
    assert np.linalg.matrix_rank(x) == 4
    assert np.linalg.matrix_rank((x @ x.T) ** 2) == 4 * 5 // 2
    noisy, _ = LowDimension(dimension=4, noise=0.2).draw(30, 20, rng())
    assert np.linalg.matrix_rank(noisy) == 20
    values = np.linalg.svd(noisy, compute_uv=False)
    assert values[3] > 3 * values[4]


def test_clusters_keep_their_distance_and_their_radius() -> None:
    dataset = Clustered(clusters=4, separation=0.8, radius=0.1)
    x, _ = dataset.draw(40, 6, rng())
    mine = np.arange(40) % 4
    distances = np.linalg.norm(x[:, None] - x[None], axis=2)
    same = mine[:, None] == mine[None]
    assert distances[same].max() <= 0.2 * 1.01 + 0.01
    assert distances[~same].min() >= 0.8 - 2 * 0.1 * 1.01
    tight, _ = Clustered(clusters=4, separation=0.8, radius=0.0).draw(40, 6, rng())
    assert len(np.unique(tight.round(12), axis=0)) == 4


@pytest.mark.parametrize("distance", [1e-6, 0.01, 0.5, 1.7, 2.0])
def test_near_duplicates_stand_at_their_distance(distance: float) -> None:
    x, y = NearDuplicates(distance=distance).draw(9, 5, rng())
    np.testing.assert_allclose(np.linalg.norm(x[0:8:2] - x[1:8:2], axis=1), distance, rtol=1e-6)
    assert has_unit_rows(x)
    assert len(np.unique(y)) == 9


def test_duplicates_are_equal_to_the_last_bit() -> None:
    x, _ = NearDuplicates(distance=0.0).draw(8, 5, rng())
    np.testing.assert_array_equal(x[0::2], x[1::2])


def test_antipodal_pairs_cancel() -> None:
    x, _ = Antipodal().draw(9, 5, rng())
    np.testing.assert_array_equal(x[0:8:2], -x[1:8:2])
    assert extreme_cosines(x)[0] == pytest.approx(-1)


def test_more_antipodal_pairs_than_dimensions_cannot_be_told_apart_without_biases() -> None:
    # φ(z) − φ(−z) = z for ReLU, softplus, GELU and SiLU: f(x) − f(−x) is linear in x, of rank d for all pairs.
    from harness import ACTIVATIONS

    few, many = Antipodal().draw(20, 10, rng())[0], Antipodal().draw(22, 10, rng())[0]
    for name in ("relu", "softplus", "gelu", "silu"):
        assert lambda_hidden(few, ACTIVATIONS[name]) > 1e-5
        assert lambda_hidden(many, ACTIVATIONS[name]) == 0


@pytest.mark.parametrize(
    ("dataset", "n", "d", "message"),
    [
        (LowDimension(dimension=5), 10, 4, "more than d = 4"),
        (Clustered(clusters=50, separation=1.5), 60, 3, "no room"),
        (NearDuplicates(), 10, 1, "d ≥ 2"),
    ],
)
def test_impossible_shapes_are_refused(dataset: Dataset, n: int, d: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataset.draw(n, d, rng())


# --- what theories say of such inputs ---------------------------------------------------------------


def failing(theory: str, dataset: Dataset, n: int, d: int, registry: Registry) -> dict[str, str]:
    of = next(cls() for cls in THEORIES if cls.name == theory)
    regime: Regime = build_regime(of.claim.home, registry)
    problem = draw_problem(dataset, n, d, seed=0, base=1)
    found: tuple[Assumption, ...] = predict(of, regime, problem).unmet
    return {assumption.text: assumption.found for assumption in found}


FULL_RANK = "X*X of full rank n ≤ d(d+1)/2"


@pytest.mark.parametrize("theory", ["os-smooth", "os-relu"])
def test_theorems_on_products_exclude_pairs(theory: str, registry: Registry) -> None:
    assert failing(theory, Sphere(), 16, 10, registry) == {}
    for dataset in (Antipodal(), NearDuplicates(distance=0.0), NearDuplicates(distance=1e-7), LowDimension()):
        assert failing(theory, dataset, 16, 10, registry) == {FULL_RANK: "σ_min(X*X) = 0"}


@pytest.mark.parametrize("theory", ["os-smooth-sphere", "os-relu-sphere"])
def test_laws_for_the_sphere_know_what_is_not_uniform(theory: str, registry: Registry) -> None:
    said = "inputs uniform on the sphere"
    assert "on one line" in failing(theory, Antipodal(), 16, 10, registry)[said]
    assert "on one line" in failing(theory, NearDuplicates(distance=0.0), 16, 10, registry)[said]
    assert "rank 5" in failing(theory, LowDimension(), 16, 10, registry)[said]
    assert "norms" in failing(theory, Digits(normalise=False), 16, 10, registry)[said]
    assert failing(theory, Digits(), 16, 10, registry) == {}  # one draw cannot tell


def test_closer_pairs_cost_more(registry: Registry) -> None:
    of = next(cls() for cls in THEORIES if cls.name == "os-smooth")
    regime = build_regime(of.claim.home, registry)
    drawn = [NearDuplicates(distance=distance).draw(16, 10, rng()) for distance in (0.5, 0.05, 0.005)]
    widths = [predict(of, regime, Problem(x, y)).width.value for x, y in drawn]
    # σ_min(X*X) is proportional to δ as δ → 0, and the width to its fourth power.
    assert widths[0] < widths[1] < widths[2]
    assert widths[2] / widths[1] == pytest.approx(10**4, rel=0.02)


def test_clusters_of_no_radius_repeat_inputs() -> None:
    x, _ = Clustered(clusters=4, radius=0.0).draw(12, 6, rng())
    assert khatri_rao_sigma_min(x) == 0


# --- real data ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "rows", "columns"), [(Digits(), 1797, 64), (BreastCancer(), 569, 30), (Diabetes(), 442, 10)]
)
def test_real_data_have_their_sizes(dataset: Dataset, rows: int, columns: int) -> None:
    x, y = dataset.draw(rows, columns, rng())
    assert has_unit_rows(x)
    assert y.mean() == pytest.approx(0, abs=0.3)
    if dataset.name == "breast-cancer":
        assert (np.sort(y) == np.repeat([-1.0, 1.0], [212, 357])).all()
    else:
        assert y.std() == pytest.approx(1)
    with pytest.raises(ValueError, match=f"has {rows} rows, fewer than n = {rows + 1}"):
        dataset.draw(rows + 1, columns, rng())
    with pytest.raises(ValueError, match=f"{columns} input columns, fewer than d = {columns + 1}"):
        dataset.draw(5, columns + 1, rng())


def test_rows_are_drawn_without_replacement() -> None:
    x, _ = Diabetes(normalise=False).draw(442, 10, rng())
    assert len(np.unique(x, axis=0)) == 442


def test_principal_components_keep_the_most_variance() -> None:
    full, _ = Digits(normalise=False).draw(1797, 64, rng())
    reduced = Digits(normalise=False).prepared(8).x
    found = real._load("load_digits", "digits").x
    every = Preparation.of(found, 64, "principal", "digits")
    kept = np.linalg.svd(every.apply(found), compute_uv=False)[:8]
    np.testing.assert_allclose(np.linalg.norm(reduced, axis=0), kept, rtol=1e-8)
    assert (full**2).sum(axis=1).mean() == pytest.approx(1)


def test_random_projections_are_drawn_anew_for_each_problem() -> None:
    fixed, other = (Digits(reduce="random").draw(20, 5, rng(seed))[0] for seed in (0, 1))
    assert not np.allclose(fixed, other)
    # a projection keeps squared norms in the mean
    x, _ = Digits(reduce="random", normalise=False).draw(500, 40, rng())
    assert (x**2).sum(axis=1).mean() == pytest.approx(1, rel=0.3)


def test_principal_axes_have_one_sign() -> None:
    x = rng().standard_normal((50, 4))
    np.testing.assert_allclose(principal_axes(x, 3), principal_axes(-x, 3))


def test_labels_of_two_values_are_signs_and_others_standardised() -> None:
    assert scaled_labels(np.array([3.0, 7.0, 3.0]), "it").tolist() == [-1, 1, -1]
    assert scaled_labels(np.arange(5.0), "it").std() == pytest.approx(1)
    with pytest.raises(ValueError, match="all the same"):
        scaled_labels(np.ones(3), "it")


def test_without_scikit_learn_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    imports: Callable[..., Any] = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("sklearn"):
            raise ImportError(name)
        return imports(name, *args, **kwargs)

    real._load.cache_clear()
    real._prepared.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ValueError, match=r"pip install 'convergence-harness\[data\]'"):
        Digits().draw(5, 5, rng())


# --- tables ---------------------------------------------------------------------------------------


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_csv_file_by_names(at: Path) -> None:
    (at / "data.csv").write_text(CSV)
    x, y = TableFile(path="data.csv", normalise=False).draw(20, 2, rng())
    assert sorted(y) == [-1.0] * 10 + [1.0] * 10
    rows = TableFile(path="data.csv").rows()
    np.testing.assert_array_equal(rows.x[:, 0], np.arange(20.0))
    assert rows.y is not None
    np.testing.assert_array_equal(rows.y, np.arange(20) % 2)
    np.testing.assert_allclose((x**2).sum(axis=1).mean(), 1)


@pytest.mark.parametrize(
    "text",
    [
        "1,2,5\n3,4.5,6\n9,1,7\n",
        "1;2;5\n3;4.5;6\n9;1;7\n",
        "1\t2\t5\n3\t4.5\t6\n9\t1\t7\n",
        "a,b,3\n1,2,5\n3,4.5,6\n9,1,7\n",
        "\ufeffa, b, 3\r\n1, 2, 5\r\n\r\n3, 4.5, 6\r\n9, 1, 7\r\n",
        '"a","b","3"\n"1","2","5"\n3,4.5,6\n9,1,7',
    ],
)
def test_csv_files_as_people_write_them(at: Path, text: str) -> None:
    (at / "data.csv").write_text(text, encoding="utf-8", newline="")
    rows = TableFile(path="data.csv", label="3").rows()
    np.testing.assert_array_equal(rows.x, [[1, 2], [3, 4.5], [9, 1]])
    assert rows.y is not None
    np.testing.assert_array_equal(rows.y, [5, 6, 7])


def test_random_labels_need_no_label_column(at: Path) -> None:
    (at / "data.csv").write_text(CSV)
    assert TableFile(path="data.csv", labels="gaussian").rows().x.shape == (20, 2)  # y is no input all the same
    assert TableFile(path="data.csv", labels="gaussian", label="none").rows().x.shape == (20, 3)
    (at / "text.csv").write_text("a,b,y\n1,2,red\n3,4,blue\n5,7,red\n")
    assert TableFile(path="text.csv", labels="gaussian").rows().x.shape == (3, 2)


@pytest.mark.parametrize(
    ("text", "label", "message"),
    [
        ("", "y", "is empty"),
        ("a,b,y\n", "y", "no rows"),
        ("y\n1\n2\n", "y", "data.csv has one column, 'y': expected inputs and labels"),
        ("a,b,y\n1,2,3\n1,,3\n", "y", "line 3, column 'b': the value is missing"),
        ("a,b,y\n1,2,3\n1,NaN,3\n", "y", "line 3, column 'b': the value is missing"),
        ("a,b,y\n1,2,3\n1,2,?\n", "y", "line 3, column 'y': the value is missing"),
        (
            "a,b,y\n1,red,3\n1,blue,3\n",
            "y",
            "'red' is not a number; leave the column out with drop = ['b']",
        ),
        ("a,b,y\n1,red,3\n1,blue,3\n", "y", "; 2 values like it, in column b"),
        ("a,b,y\n1,inf,3\n", "y", "'inf' is not a finite number"),
        ("a,b,y\n1,2,3\n1,2\n", "y", "line 3: 2 fields, expected 3"),
        ("a,b,y\n1,2,3\n1,2,3,4\n", "y", "line 3: 4 fields, expected 3"),
        ("a,b,z\n1,2,3\n", "y", "has no column 'y' for the labels; its columns are a, b, z"),
        ("a,y,y\n1,2,3\n", "y", "has 2 columns called 'y' (2 and 3), and one has the labels; rename the others"),
        ("a,b,a,y,a\n1,2,3,4,5\n", "y", "has 3 columns called 'a' (1, 3 and 5); rename them, or leave them out with"),
        ("1,2,3\n4,5,6\n", "y", "no column 'y' for the labels; its columns are 1, 2, 3"),
        ("a,y\n" + "1,3\n" * 3, "y", "inputs of data.csv are all the same"),
        ("a,y\n1,3\n2,3\n3,3\n", "y", "labels of data.csv are all the same"),
        ("a,y\n1,3\n2,4\n", "y", "has 2 rows, fewer than n = 3"),
        ("a,y\n1,3\n2,4\n3,5\n", "y", "row 2 of data.csv is the mean of all"),
        ("a,b,y\n1,2,3\n1,-1.7e308,3\n", "y", "line 3, column 'b': '-1.7e308' is larger than 1e+150, so its square"),
        ("a,b,y\n1,2,1e200\n1,2,3\n", "y", "line 2, column 'y': '1e200' is larger than 1e+150, so its square"),
        ("a,b,y\n1,2,1.8e308\n1,2,3\n", "y", "line 2, column 'y': '1.8e308' is not a finite number"),
        ("a,b,y\n1,2e-200,3\n1,3e-200,4\n", "y", "column 'b': values differ by less than 1e-150"),
        (",a,y\n0,1,3\n1,2,4\n", "y", "column 1 has no name, like an index that pandas writes; write the file with"),
        ('"","a","y"\n"r1",1,3\n"r2",2,4\n', "y", "column 1 has no name"),
        ("a,Unnamed: 0,y\n0,1,3\n1,2,4\n", "y", "column 2 has no name"),
        ("a,b,y\n" + "1,2,1\n2,5,2\n4,4,3\n" * 2, "y", "'y' of data.csv are integers of 3 values (1, 2, 3): say"),
    ],
)
def test_what_is_wrong_with_a_csv_file_is_said(at: Path, text: str, label: str, message: str) -> None:
    (at / "data.csv").write_text(text)
    with pytest.raises(ValueError, match=re.escape(message)):
        TableFile(path="data.csv", label=label).draw(3, 1, rng())


@pytest.mark.parametrize("chosen", [{"columns": ("height", "age")}, {"drop": ("", "name")}])
def test_chosen_columns_give_the_draws_of_a_file_that_has_no_others(at: Path, chosen: dict[str, Any]) -> None:
    (at / "data.csv").write_text(CSV)
    lines = CSV.splitlines()
    (at / "more.csv").write_text(",name," + "\n,red,".join(lines) + "\n")  # nothing in a dropped column is read
    plain, table = TableFile(path="data.csv"), TableFile(path="more.csv", **chosen)
    for found, expected in zip(table.draw(9, 2, rng()), plain.draw(9, 2, rng()), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert table.contents() == plain.contents() == "2 inputs (age, height), label y"
    assert table.spec().keys() - plain.spec().keys() == chosen.keys()  # no stored key moves


def test_columns_of_an_npz_file_are_chosen_by_number(at: Path) -> None:
    x = rng().standard_normal((12, 4))
    np.savez(at / "data.npz", x=x, y=np.arange(12))
    np.testing.assert_array_equal(TableFile(path="data.npz", columns=("4", "2")).rows().x, x[:, [1, 3]])
    np.testing.assert_array_equal(TableFile(path="data.npz", drop=("1",), labels="gaussian").rows().x, x[:, 1:])


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"columns": ("hight",)}, "no column 'hight', as columns asks; did you mean 'height'?"),
        ({"drop": ("weight",)}, "no column 'weight', as drop asks"),
        ({"drop": ("zz",)}, "no column 'zz', as drop asks; its columns are age, height"),
        ({"columns": ("age", "y")}, "columns has 'y', the column of the labels"),
        ({"columns": ("age",), "drop": ("age",)}, "no input columns beside 'y'"),
        ({"columns": ("age", "id")}, "has 2 columns called 'id' (4 and 5), and columns asks for one; rename them"),
        ({"label": "id"}, "has 2 columns called 'id' (4 and 5), and one has the labels"),
        ({"label": "id", "labels": "gaussian"}, "has 2 columns called 'id' (4 and 5); rename them"),
        ({}, "has 2 columns called 'id' (4 and 5); rename them, or leave them out with drop = ['id']"),
    ],
)
def test_columns_that_cannot_be_chosen(at: Path, chosen: dict[str, Any], message: str) -> None:
    (at / "data.csv").write_text("age,height,y,id,id\n1,2,3,7,8\n2,1,4,9,9\n")
    with pytest.raises(ValueError, match=re.escape(message)):
        TableFile(path="data.csv", **chosen).rows()


@pytest.mark.parametrize(
    "chosen", [{"drop": ("id",)}, {"columns": ("age", "height")}, {"label": "y", "labels": "gaussian", "drop": ("id",)}]
)
def test_columns_of_one_name_that_are_left_out_do_no_harm(at: Path, chosen: dict[str, Any]) -> None:
    (at / "data.csv").write_text("age,id,height,y,id\n1,7,2,3,8\n2,9,1,4,9\n")
    rows = TableFile(path="data.csv", **chosen).rows()
    assert (rows.columns, rows.x.tolist()) == (("age", "height"), [[1, 2], [2, 1]])


def test_few_integers_are_numbers_or_classes_as_the_suite_says(at: Path) -> None:
    few = np.arange(20) % 4
    (at / "data.csv").write_text("a,y\n" + "".join(f"{i},{label}\n" for i, label in enumerate(few)))
    _, numbers = TableFile(path="data.csv", labels="numbers").draw(20, 1, rng())
    values = (np.arange(4) - 1.5) / np.sqrt(1.25)  # mean 3/2 and variance 5/4 of 0, 1, 2, 3
    np.testing.assert_allclose(np.unique(numbers), values, rtol=1e-15)
    assert TableFile(path="data.csv", labels="classes").draw(20, 1, rng())[1].shape == (20, 4)
    many = "a,y\n" + "".join(f"{i},{i // 2}\n" for i in range(50))
    (at / "many.csv").write_text(many)
    assert TableFile(path="many.csv").draw(9, 1, rng())[1].shape == (9,)  # 25 values


def test_classes_of_a_csv_file_may_be_names(at: Path) -> None:
    kinds = ["virginica", "setosa", "versicolor"]
    (at / "data.csv").write_text("a,kind,b\n" + "".join(f"{i},{kinds[i % 3]},{i * i}\n" for i in range(12)))
    table = TableFile(path="data.csv", label="kind", labels="classes")
    codes = {kind: place for place, kind in enumerate(sorted(kinds))}
    assert table.rows().y.tolist() == [codes[kinds[i % 3]] for i in range(12)]  # type: ignore[union-attr]  # it has labels
    assert (table.rows().columns, table.targets().outputs) == (("a", "b"), 3)
    x, y = table.draw(12, 2, rng())
    assert y.sum(axis=0).tolist() == [4.0, 4.0, 4.0]
    (at / "numbers.csv").write_text("a,kind,b\n" + "".join(f"{i},{codes[kinds[i % 3]]},{i * i}\n" for i in range(12)))
    same = TableFile(path="numbers.csv", label="kind", labels="classes").draw(12, 2, rng())
    np.testing.assert_array_equal(x, same[0])
    np.testing.assert_array_equal(y, same[1])


def test_a_path_of_a_suite_starts_at_its_folder(at: Path) -> None:
    folder = at / "study"
    folder.mkdir()
    for place, first in ((folder, 1), (at, 50)):
        (place / "data.csv").write_text("a,y\n" + "".join(f"{i},{i * i}\n" for i in range(first, first + 9)))
    suite = {
        "suite": {"name": "mine"},
        "problems": {"dataset": {"use": "table", "path": "data.csv"}, "n": 5, "d": 1},
        "budget": {"steps": 5},
        "regimes": [{"use": "moderate"}],
    }
    file = folder / "mine.toml"
    file.write_text(toml_text(suite), encoding="utf-8")
    there = load_suite(file).dataset
    assert isinstance(there, TableFile)
    assert there.rows().x[0, 0] == 1  # and not 50, that of the current directory
    (folder / "data.csv").unlink()
    here = load_suite(file).dataset
    assert isinstance(here, TableFile)
    assert (here.path, here.rows().x[0, 0]) == ("data.csv", 50)
    (at / "data.csv").unlink()
    (at / "dato.csv").write_text("a,y\n1,2\n")
    with pytest.raises(ValueError, match=re.escape("did you mean 'dato.csv'?")):
        here.rows()


@pytest.mark.parametrize(
    ("field", "labels", "message"),
    [
        ("", "classes", "line 3, column 'y': the value is missing"),
        ("none", "classes", "line 3, column 'y': the value is missing"),
        ("b", "own", "'b' is not a number; for names of classes say labels = 'classes'"),
        ("nan", "numbers", "line 3, column 'y': the value is missing"),
    ],
)
def test_labels_that_are_no_classes(field: str, labels: Any, message: str, at: Path) -> None:
    first = "1" if labels != "classes" else "a"
    (at / "data.csv").write_text(f"x,y\n1,{first}\n2,{field}\n3,{first}\n")
    with pytest.raises(ValueError, match=re.escape(message)):
        TableFile(path="data.csv", labels=labels).rows()


def test_texts_that_nearly_all_differ_are_no_classes(at: Path) -> None:
    (at / "data.csv").write_text("x,y\n" + "".join(f"{i},name-{i}\n" for i in range(20)))
    with pytest.raises(ValueError, match="'y' has 20 different texts in 20 rows, too many for classes"):
        TableFile(path="data.csv", labels="classes").rows()


def test_axes_of_few_rows_take_no_memory_for_pairs_of_columns() -> None:
    x = np.zeros((3, 400_000))  # the covariance of the columns would be 1.2 TB
    x[0, 7], x[1, 9], x[2, 7] = 2.0, 1.0, -2.0
    axes = principal_axes(x, 5)
    assert np.argwhere(axes[:, :2] == 1).tolist() == [[7, 0], [9, 1]]
    np.testing.assert_allclose(axes.T @ axes, np.diag([1, 1, 1, 0, 0]), atol=1e-15)


def test_axes_of_rows_and_of_columns_agree() -> None:
    x = rng().standard_normal((20, 300))
    x -= x.mean(axis=0)
    _, axes = np.linalg.eigh(x.T @ x)
    np.testing.assert_allclose(np.abs(principal_axes(x, 5)), np.abs(axes[:, ::-1][:, :5]), atol=1e-10)


def test_a_held_out_row_that_overflows_is_refused(at: Path) -> None:
    text = "a,b,y\n" + "".join(f"{i},{i}e-150,{i}\n" for i in range(1, 9)) + "1,1e150,0\n"
    (at / "data.csv").write_text(text)
    source = next(seed for seed in range(99) if 8 not in rng(seed).choice(9, size=5, replace=False))
    with pytest.raises(ValueError, match=r"row 9 of data\.csv is too far from the rows of the problem"):
        TableFile(path="data.csv").split(5, 2, rng(source), [(4, rng(1))])


def test_plan_captions_and_provenance_say_which_columns_are_used(at: Path) -> None:
    import harness
    from harness.report.plan_view import plan_table
    from harness.report.thresholds_view import thresholds_view

    (at / "data.csv").write_text(CSV)
    said = "2 inputs (age, height), label y"
    suite: dict[str, Any] = {
        "suite": {"name": "mine"},
        "problems": {"dataset": {"use": "table", "path": "data.csv"}, "n": 6, "d": 2},
        "search": {"method": "grid", "widths": [2], "trials": 1},
        "budget": {"steps": 3},
        "regimes": [{"use": "moderate"}],
    }
    assert plan_table(harness.plan(suite, workers=1)).caption.endswith(f" Data: {said}.")
    trained = harness.run(suite, executor="in-process", progress=False)
    assert trained.provenance["data"] == said
    (at / "data.csv").unlink()  # the caption is that of the file that was read
    assert f"): {said}, own labels;" in thresholds_view(harness.load("reports/mine")).caption


def test_files_that_are_not_there_or_not_tables(at: Path) -> None:
    with pytest.raises(ValueError, match="needs a file"):
        TableFile().draw(3, 1, rng())
    with pytest.raises(ValueError, match=r"there is no file gone\.csv, seen from"):
        TableFile(path="gone.csv").draw(3, 1, rng())
    with pytest.raises(ValueError, match="is a folder, expected a file"):
        TableFile(path=".").draw(3, 1, rng())
    with pytest.raises(ValueError, match="is a pipe or a device, which cannot be read again"):
        TableFile(path=os.devnull).draw(3, 1, rng())
    (at / "data.xlsx").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"ends in \.xlsx; expected"):
        TableFile(path="data.xlsx").draw(3, 1, rng())
    (at / "latin.csv").write_bytes("größe,y\n1,2\n".encode("latin-1"))
    with pytest.raises(ValueError, match="not text in UTF-8"):
        TableFile(path="latin.csv").draw(3, 1, rng())
    with open(at / "huge.csv", "wb") as huge:
        huge.truncate(MOST_BYTES + 1)
    with pytest.raises(ValueError, match="larger than 64 MiB"):
        TableFile(path="huge.csv").draw(3, 1, rng())


def test_both_folders_are_named_where_a_file_was_looked_for(at: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import harness

    (at / "own").mkdir()
    (at / "own" / "data.csv").write_text(CSV)
    text = '[suite]\nname = "own"\n[problems]\ndataset = { use = "table", path = "dta.csv" }\nn = 6\nd = 2\n'
    (at / "own" / "own.toml").write_text(text + '[budget]\nsteps = 9\n[[regimes]]\nuse = "moderate"\n')
    said = f"there is no file dta.csv, seen from {at} or from {at / 'own'}; did you mean 'data.csv'?"
    with pytest.raises(harness.ProblemError, match=re.escape(said)):
        harness.plan("own/own.toml")
    monkeypatch.chdir("own")
    with pytest.raises(harness.ProblemError, match=re.escape(f"seen from {at / 'own'}; did you mean 'data.csv'?")):
        harness.plan("own.toml")


def test_too_many_dimensions_are_refused(at: Path) -> None:
    (at / "data.csv").write_text(CSV)
    with pytest.raises(ValueError, match=r"data\.csv has 2 input columns, fewer than d = 3"):
        TableFile(path="data.csv").draw(3, 3, rng())


def test_an_npz_file(at: Path) -> None:
    x, y = rng().standard_normal((12, 4)), np.arange(12)
    np.savez(at / "data.npz", x=x, y=y, other=x.astype(np.float32), column=y[:, None])
    rows = TableFile(path="data.npz").rows()
    np.testing.assert_array_equal(rows.x, x)
    assert rows.y is not None
    assert rows.y.dtype == np.float64
    np.testing.assert_array_equal(rows.y, y)
    assert TableFile(path="data.npz", inputs="other", label="column").rows().x.dtype == np.float64
    np.savez_compressed(at / "only.npz", x=x)
    drawn, _ = TableFile(path="only.npz", labels="rademacher").draw(12, 4, rng())
    assert has_unit_rows(drawn)


class Boom:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("boom",)


def npz(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return out.getvalue()


def npy(shape: tuple[int, ...], body: bytes, dtype: str = "<f8", version: int = 1) -> bytes:
    header = str({"descr": dtype, "fortran_order": False, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(header)) + header + body


FINE = npy((3, 2), np.arange(6.0).tobytes())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a zip", "is no NPZ file"),
        (npz(y=FINE), "has no array 'x'; its arrays are y"),
        (npz(x=FINE), "has no array 'y'"),
        (npz(x=FINE, y=FINE), "labels 'y' have the shape (3, 2), expected (3,)"),
        (npz(x=FINE, y=npy((2,), b"\0" * 16)), "labels 'y' have the shape (2,), expected (3,)"),
        (npz(x=npy((6,), b"\0" * 48), y=FINE), "inputs 'x' have the shape (6,)"),
        (npz(x=npy((0, 2), b""), y=FINE), "inputs 'x' have the shape (0, 2)"),
        (npz(x=npy((1, 2), struct.pack("dd", 1, math.nan)), y=npy((1,), b"\0" * 8)), "infinite value at (1, 2)"),
        (npz(x=npy((1, 2), struct.pack("dd", 1, 1e200)), y=npy((1,), b"\0" * 8)), "has 1e+200, whose square"),
        (npz(x=FINE, y=npy((3,), struct.pack("ddd", 1, -1e200, 0))), "'y' has -1e+200, whose square overflows, at (2)"),
        (npz(x=npy((10**9, 10**3), b"\0" * 8), y=FINE), "claims the shape (1000000000, 1000), more than is there"),
        (npz(x=npy((3, 2), b"\0" * 48, "<U2"), y=FINE), "holds <U2, not numbers; write 0, 1, … for classes"),
        (npz(x=npy((3, 2), pickle.dumps(Boom()), "|O"), y=FINE), "holds object, not numbers"),
        (npz(x=b"\x93NUMPY\x07\x00junk", y=FINE), "has the format (7, 0)"),
        (npz(x=b"junk", y=FINE), "cannot be read"),
        (npz(x=npy((1, MOST_BYTES // 8 + 1), b"\0" * (MOST_BYTES + 8)), y=FINE), "larger than 64 MiB"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value[:20],
)
def test_what_is_wrong_with_an_npz_file_is_said(at: Path, content: bytes, message: str) -> None:
    (at / "data.npz").write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(message)):
        TableFile(path="data.npz").draw(3, 2, rng())
    assert not (at / "boom").exists()


def test_other_content_is_another_dataset(at: Path) -> None:
    (at / "data.csv").write_text(CSV)
    before, first = TableFile(path="data.csv").spec(), draw_problem(TableFile(path="data.csv"), 9, 2, seed=0, base=1)
    (at / "data.csv").write_text(CSV.replace("\n3,", "\n33,"))
    after = TableFile(path="data.csv")
    assert after.spec()["sha256"] != before["sha256"]
    assert after.rows().x[3, 0] == 33
    assert not np.array_equal(first.x, draw_problem(after, 9, 2, seed=0, base=1).x)
    pinned = TableFile(path="data.csv", sha256=str(before["sha256"]))
    with pytest.raises(ValueError, match=r"data\.csv is another file"):
        pinned.draw(9, 2, rng())
    (at / "data.csv").unlink()
    assert pinned.spec() == before  # stored trials are found without the file


def test_a_table_in_another_folder_gives_the_same_problems(at: Path) -> None:
    (at / "moved").mkdir()
    for place in (at, at / "moved"):
        (place / "data.csv").write_text(CSV)
    here, there = (TableFile(path=path, reduce="random") for path in ("data.csv", "moved/data.csv"))
    problems = [draw_problem(of, 9, 2, seed=0, base=1) for of in (here, there)]
    np.testing.assert_array_equal(problems[0].x, problems[1].x)
    np.testing.assert_array_equal(problems[0].y, problems[1].y)


def test_a_table_travels_as_plain_data(at: Path, registry: Registry) -> None:
    (at / "data.csv").write_text(CSV)
    dataset = TableFile(path="data.csv", reduce="random")
    rebuilt = component_from(registry, "dataset", dataset.spec())
    assert isinstance(rebuilt, TableFile)
    problem, again = (draw_problem(of, 9, 2, seed=0, base=1) for of in (dataset, rebuilt))
    np.testing.assert_array_equal(problem.x, again.x)
