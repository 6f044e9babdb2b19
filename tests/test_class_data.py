"""Data of classes: labels of every kind, files in further formats, and what may be fitted to which rows."""

from __future__ import annotations

import gzip
import hashlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import Problem
from harness.builtin.datasets import Digits, FashionMnist, Iris, Sphere, TableFile, Wine, preparation
from harness.builtin.datasets.labels import one_hot
from harness.builtin.datasets.preparation import Preparation, prepare
from harness.builtin.datasets.real import FASHION_MNIST
from harness.components import Dataset
from harness.engine.draws import draw_problem


def draw(dataset: Dataset, n: int = 40, d: int = 4, seed: int = 0, **further: int) -> Problem:
    return draw_problem(dataset, n, d, seed=seed, base=1, **further)


def test_the_vendored_pictures_are_those_that_were_made() -> None:
    digest = hashlib.sha256(FASHION_MNIST.read_bytes()).hexdigest()
    assert digest == "9475b41794f85bac3b8dad5ec9be856a4f673d945679526df182955188170390", "versions name the content"
    rows = FashionMnist().rows()
    assert rows.x.shape == (6000, 196)
    assert rows.y is not None
    assert np.bincount(rows.y.astype(int)).tolist() == [600] * 10
    assert "Permission is hereby granted" in FASHION_MNIST.with_suffix(".LICENSE").read_text()


@pytest.mark.parametrize(
    ("dataset", "n", "d", "classes"),
    [(Wine(), 178, 13, 3), (Iris(), 150, 4, 3), (FashionMnist(), 200, 60, 10), (Digits(labels="classes"), 99, 9, 10)],
)
def test_classes_of_real_data(dataset: Dataset, n: int, d: int, classes: int) -> None:
    found = draw(dataset, n, d)
    assert found.classes == classes
    assert found.y.shape == (n, classes)
    np.testing.assert_array_equal(found.y.sum(axis=1), 1.0)


def test_parity_and_random_classes_come_with_the_same_rows() -> None:
    classes, parity, random = (draw(Digits(labels=kind)) for kind in ("classes", "parity", "random-classes"))
    np.testing.assert_array_equal(parity.x, classes.x)
    np.testing.assert_array_equal(random.x, classes.x)
    np.testing.assert_array_equal(parity.y, np.where(classes.y.argmax(axis=1) % 2 == 1, 1.0, -1.0))
    assert random.y.shape == classes.y.shape
    # Independent labels agree with those of ten classes in a tenth of 4000 samples, up to five standard deviations.
    many = [draw(FashionMnist(labels=kind), 4000) for kind in ("classes", "random-classes")]
    agree = float((many[0].y * many[1].y).sum()) / 4000
    assert abs(agree - 0.1) < 5 * (0.09 / 4000) ** 0.5


NOISY: list[tuple[type[Any], str]] = [
    (Sphere, "rademacher"),
    (Sphere, "classes"),
    (Digits, "classes"),
    (Digits, "parity"),
]


@pytest.mark.parametrize(("dataset", "labels"), NOISY)
def test_noise_changes_as_many_labels_of_the_problem_as_it_says_and_nothing_else(
    dataset: type[Any], labels: str
) -> None:
    clean = draw(dataset(labels=labels), held_out=30)
    noisy = draw(dataset(labels=labels, label_noise=0.25), held_out=30)
    np.testing.assert_array_equal(clean.x, noisy.x)
    assert clean.held_out is not None
    assert noisy.held_out is not None
    np.testing.assert_array_equal(clean.held_out.y, noisy.held_out.y)
    changed = (clean.y != noisy.y).reshape(40, -1).any(axis=1)
    assert changed.sum() == 10
    everyone = draw(dataset(labels=labels, label_noise=1.0))
    assert ((clean.y != everyone.y).reshape(40, -1).any(axis=1)).all()


def test_noise_of_numbers_and_teachers_of_own_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="label_noise is for signs and classes"):
        Sphere(label_noise=0.1)
    with pytest.raises(ValueError, match="label_noise is for signs and classes"):
        Digits(labels="numbers", label_noise=0.1)
    with pytest.raises(ValueError, match="the labels of dataset 'digits' are numbers"):
        draw(Digits(label_noise=0.1))
    with pytest.raises(ValueError, match="a teacher gives labels that are gaussian, rademacher, random-classes"):
        Digits(labels="classes", teacher="linear")


def test_labels_of_a_teacher_are_a_function_of_the_inputs() -> None:
    taught = draw(Digits(labels="gaussian", teacher="linear"), held_out=30)
    assert taught.held_out is not None
    teacher = np.linalg.lstsq(taught.x, taught.y, rcond=None)[0]
    np.testing.assert_allclose(taught.held_out.x @ teacher, taught.held_out.y, atol=1e-10)
    # A shallow teacher of ReLU is homogeneous, and not linear.
    problem = draw(Sphere(teacher="shallow", teacher_width=2), 200)
    fit = problem.x @ np.linalg.lstsq(problem.x, problem.y, rcond=None)[0]
    assert np.linalg.norm(fit - problem.y) > 0.1 * np.linalg.norm(problem.y)
    lifted = np.maximum(problem.x @ np.random.default_rng(0).standard_normal((4, 3000)), 0.0)
    fit = lifted @ np.linalg.lstsq(lifted, problem.y, rcond=1e-8)[0]
    assert np.linalg.norm(fit - problem.y) < 1e-3 * np.linalg.norm(problem.y)
    signs = draw(Digits(labels="rademacher", teacher="shallow"))
    classes = draw(Digits(labels="random-classes", teacher="shallow"))
    assert set(np.unique(signs.y)) == {-1.0, 1.0}
    np.testing.assert_array_equal(classes.x, signs.x)
    assert classes.y.shape == (40, 10)


def test_components_fitted_to_held_out_rows_raise_their_accuracy() -> None:
    """The leak that fitting to the training rows alone removes, as an effect on linear classifiers of few rows."""
    rows = FashionMnist().rows()
    assert rows.y is not None
    n, d, y = 50, 20, one_hot(rows.y.astype(int), 10)
    gains = []
    for seed in range(100, 120):
        order = np.random.default_rng(seed).permutation(len(rows.x))[:1500]
        train, test = order[:n], order[n : n + 600]
        accuracy = []
        for fitted_to in (order, train):
            fitted = Preparation.of(rows.x[fitted_to], d, "principal", "pictures")
            seen, unseen = (fitted.apply(rows.x[some]) for some in (train, test))
            seen, unseen = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (seen, unseen))
            weights = np.linalg.solve(seen.T @ seen + 0.1 * np.eye(d), seen.T @ y[train])
            accuracy.append(float(((unseen @ weights).argmax(axis=1) == rows.y[test]).mean()))
        gains.append(accuracy[0] - accuracy[1])
    mean, error = float(np.mean(gains)), float(np.std(gains) / len(gains) ** 0.5)
    assert mean > 0.01
    assert mean > 3 * error
    # The harness draws the second: its mean and components are those of the training rows.
    problem = draw(Digits(normalise=False), n, d, held_out=600)
    np.testing.assert_allclose(problem.x.mean(axis=0), 0.0, atol=1e-12)
    assert problem.held_out is not None
    assert np.abs(problem.held_out.x.mean(axis=0)).max() > 1e-2


def test_large_data_sets_are_prepared_in_blocks_to_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Digits().rows()
    for reduce in ("principal", "random"):
        for d in (64, 20):
            monkeypatch.setattr(preparation, "LARGE", 1 << 23)
            whole = prepare(rows, d, reduce)
            monkeypatch.setattr(preparation, "LARGE", 1000)
            monkeypatch.setattr(preparation, "BLOCK", 5000)
            parts = prepare(rows, d, reduce)
            assert whole.preparation is None
            assert parts.preparation is not None
            places = np.array([3, 1000, 5])
            np.testing.assert_allclose(parts.rows(places), whole.rows(places), atol=1e-9)
            assert parts.scale == pytest.approx(whole.scale, rel=1e-12)
            assert parts.columns == whole.columns == whole.x.shape[1]


def idx(array: np.ndarray[Any, Any], code: int = 8) -> bytes:
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, code, array.ndim]) + sizes + array.tobytes()


PICTURES = np.random.default_rng(0).integers(0, 256, size=(30, 3, 2), dtype=np.uint8)
KINDS = (np.arange(30) % 3).astype(np.uint8)


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images-idx3-ubyte").write_bytes(idx(PICTURES))
    (tmp_path / "labels-idx1-ubyte").write_bytes(idx(KINDS))
    (tmp_path / "images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(PICTURES)))
    (tmp_path / "doubles.idx").write_bytes(idx(PICTURES.astype(">f8"), 14))
    np.savez(tmp_path / "same.npz", x=PICTURES.reshape(30, 6).astype(float), y=KINDS.astype(float))
    names = "".join(f"@attribute p{i} numeric\n" for i in range(6))
    lines = "\n".join(
        ",".join([*map(str, row), "abc"[kind]]) for row, kind in zip(PICTURES.reshape(30, 6), KINDS, strict=True)
    )
    (tmp_path / "same.arff").write_text(f"@relation it\n{names}@attribute y {{a,b,c}}\n@data\n{lines}\n")
    return tmp_path


@pytest.mark.usefixtures("at")
def test_every_format_gives_the_same_problem() -> None:
    expected = draw(TableFile(path="same.npz", labels="classes"), 20, held_out=5)
    others = [
        TableFile(path="images-idx3-ubyte", label="labels-idx1-ubyte", labels="classes"),
        TableFile(path="images-idx3-ubyte.gz", label="labels-idx1-ubyte", labels="classes"),
        TableFile(path="doubles.idx", label="labels-idx1-ubyte", labels="classes"),
        TableFile(path="same.arff", labels="classes"),
    ]
    assert len({dataset.spec()["sha256"] for dataset in others}) == 4
    for dataset in others:
        rng = np.random.default_rng(0), np.random.default_rng(1)
        found = dataset.split(20, 4, rng[0], [(5, rng[1])])
        rng = np.random.default_rng(0), np.random.default_rng(1)
        wanted = TableFile(path="same.npz", labels="classes").split(20, 4, rng[0], [(5, rng[1])])
        for pair, (x, y) in zip(found, wanted, strict=True):
            np.testing.assert_allclose(pair[0], x, atol=1e-12)
            np.testing.assert_array_equal(pair[1], y)
    assert expected.classes == 3


@pytest.mark.usefixtures("at")
def test_other_labels_are_another_dataset(at: Path) -> None:
    table = TableFile(path="images-idx3-ubyte", label="labels-idx1-ubyte", labels="classes")
    first = table.spec()
    (at / "labels-idx1-ubyte").write_bytes(idx(KINDS[::-1].copy()))
    assert table.spec() != first
    assert table.rows().y is not None
    np.testing.assert_array_equal(table.rows().y, KINDS[::-1].astype(float))
    assert "label_sha256" not in TableFile(path="images-idx3-ubyte", labels="gaussian").spec()


@pytest.mark.parametrize(
    ("name", "content", "options", "message"),
    [
        ("a-ubyte", b"\x01\x02\x03\x04", {}, "is no IDX file: it begins with 01 02 03 04"),
        ("a-ubyte", idx(PICTURES)[:-1], {}, r"claims the shape \(30, 3, 2\), 180 bytes, and has 179"),
        ("a-ubyte", idx(PICTURES) + b"0", {}, "180 bytes, and has more"),
        ("a-ubyte", b"\0\0\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff", {}, "more than 64 MiB"),
        ("a-ubyte", idx(KINDS), {}, "expected rows of several numbers"),
        ("a-ubyte", idx(PICTURES[:9]), {}, r"expected \(9,\), a label for each row"),
        ("a-ubyte", idx(PICTURES), {"label": "y"}, "labels of an IDX file are in a file of their own"),
        ("a.gz", b"\x1f\x8b\x08garbage", {}, "cannot be read"),
        ("a.arff", b"nonsense", {}, "is no ARFF file"),
        ("a.arff", b"@relation r\n@attribute z numeric\n@data\n1\n", {}, "no attribute 'labels-idx1-ubyte'"),
        (
            "a.arff",
            b"@relation r\n@attribute p {u,v}\n@attribute y {a,b}\n@data\nu,a\nv,b\n",
            {"label": "y"},
            r"attribute 'p' is nominal, not numeric; drop = \['p'\]",
        ),
        (
            "a.arff",
            b"@relation r\n@attribute p numeric\n@attribute y {a,b}\n@data\n1,a\n?,b\n",
            {"label": "y"},
            "missing or infinite value at",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said(
    name: str, content: bytes, options: dict[str, Any], message: str, at: Path
) -> None:
    (at / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        TableFile(**{"path": name, "label": "labels-idx1-ubyte", "labels": "classes", **options}).rows()
