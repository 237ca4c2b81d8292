"""Datasets: the truth against integration, hand-worked numbers and frequencies; draws that are exact and repeatable."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from lossviz import synthetic
from lossviz.data import DATASETS, make_dataset, with_points
from lossviz.dataset import Truth, apportion, project, split
from lossviz.tabledata import from_table
from lossviz.tables import TableError, read_table

SYNTHETIC = [name for name, entry in DATASETS.items() if entry.kind == "synthetic"]
KNOWN = [name for name in SYNTHETIC if name != "separable"]
REAL = [name for name, entry in DATASETS.items() if entry.kind == "real"]


def two_blobs(sd=0.8, noise=0.0):
    mix = np.array([[1 - noise, noise], [noise, 1 - noise]])
    return Truth(np.array([[-1.0, 0.0], [1.0, 0.0]]), np.ones(2), np.array([0, 1]), sd, mix)


# The truth


def test_two_blobs_by_hand():
    X = np.array([[0.3, 2.0], [-4.0, 1.0], [7.0, -3.0]])
    posterior = two_blobs(0.8).posterior(X, [9, 1])
    # |x - a|² - |x - b|² = 4 x1 for centres at ±1, so the log-odds are 2 x1 / sd² + log(1/9)
    np.testing.assert_allclose(np.log(posterior[:, 1] / posterior[:, 0]), 2 * X[:, 0] / 0.64 - np.log(9), rtol=1e-12)


def test_density_by_hand():
    # A fifth from the other blob: .8 N(0) + .2 N(2), sd 1
    expected = (0.8 + 0.2 * np.exp(-2)) / (2 * np.pi)
    assert two_blobs(1.0, noise=0.2).density([[-1, 0]])[0, 0] == pytest.approx(expected, rel=1e-14)


def test_noise_mixes_densities():
    X = np.random.default_rng(0).normal(size=(50, 2))
    clean = two_blobs().density(X)
    np.testing.assert_allclose(two_blobs(noise=0.3).density(X), 0.7 * clean + 0.3 * clean[:, ::-1], rtol=1e-13)


@pytest.mark.parametrize("name", KNOWN)
def test_density_integrates_to_one(name):
    truth = make_dataset(name, n=20, noise=0.1).truth
    axis, step = np.linspace(-6, 6, 121, retstep=True)  # smooth and vanishing at the edge: equal steps converge fast
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(truth.density(grid).sum(axis=0) * step**2, 1, atol=1e-6)


@pytest.mark.parametrize("name", ["moons", "circles", "spirals"])
@pytest.mark.parametrize("which", ["low", "default", "high"])
def test_curves_against_brute_force(name, which):
    sd = getattr(next(k for k in DATASETS[name].knobs if k.name == "overlap"), which)
    X = np.random.default_rng(0).uniform(-2.5, 2.5, (40, 2))
    found = make_dataset(name, n=20, overlap=sd).truth.density(X)
    u = (np.arange(40_000) + 0.5) / 40_000
    for c, shape in enumerate(getattr(synthetic, name)(2, sd)):
        curve = shape.point(u)
        expected = [np.exp(-((x - curve) ** 2).sum(axis=1) / (2 * sd**2)).mean() / (2 * np.pi * sd**2) for x in X]
        np.testing.assert_allclose(found[:, c], expected, rtol=1e-8, atol=1e-9 / sd**2)


@pytest.mark.parametrize("name", KNOWN)
def test_posterior_rows_sum_to_one_everywhere(name):
    problem = make_dataset(name, noise=0.1)
    X = np.concatenate([problem.X, 1e4 * problem.X[:50]])
    posterior = problem.truth.posterior(X, problem.priors)
    assert (posterior >= 0).all()
    np.testing.assert_allclose(posterior.sum(axis=1), 1, rtol=1e-12)
    assert np.isfinite(problem.truth.log_density(X)).all()


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("noise", [0, 0.2])
def test_posterior_is_the_frequency(name, noise):
    problem = make_dataset(name, n=20_000, imbalance=3, noise=noise, seed=1)
    posterior = problem.truth.posterior(problem.X, problem.priors)
    for c in range(len(problem.classes)):
        bins = np.digitize(posterior[:, c], np.linspace(0.1, 0.9, 9))
        for b in np.unique(bins):
            inside = bins == b
            p = posterior[inside, c]
            error = 4.5 * np.sqrt((p * (1 - p)).sum()) + 0.5
            assert abs((problem.y[inside] == c).sum() - p.sum()) < error


def test_prior_zero_and_scale():
    truth, X = two_blobs(), np.array([[3.0, 0.0], [-200.0, 5.0]])
    np.testing.assert_array_equal(truth.posterior(X, [1, 0]), [[1, 0], [1, 0]])
    np.testing.assert_allclose(truth.posterior(X, [3, 1]), truth.posterior(X, [300, 100]), rtol=1e-14)


@pytest.mark.parametrize(
    ("X", "priors", "message"),
    [
        ([0, 0], [1, 1], r"X must have shape \[N, 2\]; not \[2\]"),
        ([[0, np.nan]], [1, 1], "must be finite"),
        ([[0, 0]], [1, 1, 1], r"priors must have shape \[2\]; not \[3\]"),
        ([[0, 0]], [1, -1], "prior of class 1 must be finite and not negative; not -1"),
        ([[0, 0]], [np.nan, 1], "prior of class 0"),
        ([[0, 0]], [0, 0], "at least one prior must be positive"),
    ],
)
def test_posterior_refuses(X, priors, message):
    with pytest.raises(ValueError, match=message):
        two_blobs().posterior(X, priors)


def test_chunks_change_nothing():
    problem = make_dataset("spirals", n=2_000)
    whole = problem.truth.log_density(problem.X_test)
    parts = [problem.truth.log_density(problem.X_test[i : i + 7]) for i in range(0, 70, 7)]
    np.testing.assert_array_equal(whole[:70], np.concatenate(parts))


# Drawn by hand


def test_counts_and_centres_are_as_given():
    made = make_dataset(
        "blobs", classes=2, counts=(50, 200), centres=np.array([[5.0, 5], [-5, 0]]), overlap=0.2, seed=3
    )
    assert made.counts.tolist() == [50, 200]
    for c, centre in enumerate([[5, 5], [-5, 0]]):
        np.testing.assert_allclose(made.X[made.y == c].mean(0), centre, atol=0.15)
    np.testing.assert_array_equal(made.truth.centres, [[5, 5], [-5, 0]])
    assert made.truth.posterior([[5, 5]], made.priors)[0, 0] > 0.999


def test_a_moved_centre_moves_its_class_and_no_other():
    first = make_dataset("blobs", centres=[[0, 0], [2, 0], [0, 2]], seed=1)
    second = make_dataset("blobs", centres=[[0, 0], [3, 1], [0, 2]], seed=1)
    moved = first.y == 1
    np.testing.assert_allclose(second.X[moved] - first.X[moved], np.broadcast_to([1, 1], (moved.sum(), 2)), atol=1e-12)
    np.testing.assert_array_equal(second.X[~moved], first.X[~moved])


@pytest.mark.parametrize("name", SYNTHETIC)
def test_every_synthetic_problem_takes_counts(name):
    knobs = {"classes": 2} if any(k.name == "classes" for k in DATASETS[name].knobs) else {}
    made = make_dataset(name, counts=[30, 6], **knobs)
    assert made.counts.tolist() == [30, 6]
    assert len(made.X_test) == 4 * 36


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[0, 0, 2]], "point 1 is of class 2: classes are whole numbers from 0 to 1"),
        ([[0, 0, 1], [0, 0, 0.5]], r"point 2 is of class 0\.5"),
        ([[0, 0]], r"points must have shape \[any, 3\]; not \[1, 2\]"),
        ([[0, np.inf, 1]], "points must be finite"),
        ([["a", 0, 1]], "points must be numbers"),
    ],
)
def test_points_that_make_no_sense(points, message):
    with pytest.raises(ValueError, match=message):
        with_points(make_dataset("moons", n=20), points)


# Synthetic draws


def test_counts_are_exact():
    assert make_dataset("blobs", n=1110, classes=3, imbalance=100).counts.tolist() == [1000, 100, 10]
    assert make_dataset("moons", n=101, imbalance=1).counts.tolist() == [51, 50]
    assert make_dataset("xor", n=1100, imbalance=10, noise=0.4).counts.tolist() == [1000, 100]


@pytest.mark.parametrize("name", SYNTHETIC)
@pytest.mark.parametrize(("n", "imbalance"), [(20, 1), (20, 1000), (777, 37.5), (5_500, 1000)])
def test_both_parts(name, n, imbalance):
    problem = make_dataset(name, n=n, imbalance=imbalance)
    test_counts = np.bincount(problem.y_test)
    assert problem.counts.sum() == len(problem.X) == n
    assert test_counts.sum() == len(problem.X_test) == min(4 * n, 20_000)
    assert problem.counts.min() >= 2
    assert test_counts.min() >= 2
    assert (np.diff(problem.counts) <= 0).all()
    np.testing.assert_allclose(test_counts / test_counts.sum(), problem.priors, atol=1 / len(problem.X_test))
    assert problem.X.dtype == np.float64
    assert problem.X.shape == (n, 2)
    assert not np.isin(problem.X[:, 0], problem.X_test[:, 0]).any()
    assert (problem.truth is None) == (name == "separable")


def test_says_when_the_ratio_cannot_be_met():
    assert make_dataset("moons", n=1000, imbalance=1000).notes == (
        "The smallest class has 2 training points, the fewest allowed, so the largest has 499 times as many, not 1000.",
    )
    assert make_dataset("moons", n=1000).notes == ()


@pytest.mark.parametrize("name", list(DATASETS))
def test_seed_decides(name):
    one, same, other = make_dataset(name), make_dataset(name), make_dataset(name, seed=1)
    for part in ("X", "y", "X_test", "y_test"):
        np.testing.assert_array_equal(getattr(one, part), getattr(same, part))
    assert not np.array_equal(one.X, other.X)
    assert one.notes == same.notes


@pytest.mark.parametrize("name", SYNTHETIC)
def test_knobs_move_and_add_points_but_do_not_redraw(name):
    few, many = make_dataset(name, n=100), make_dataset(name, n=400)
    assert {tuple(x) for x in few.X} <= {tuple(x) for x in many.X}


def test_noise_converts_its_share():
    clean = make_dataset("moons", n=20_000, imbalance=1)
    noisy = make_dataset("moons", n=20_000, imbalance=1, noise=0.1)
    np.testing.assert_array_equal(clean.y, noisy.y)
    assert (clean.X != noisy.X).any(axis=1).mean() == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("name", ["blobs", "spirals", "separable"])
@pytest.mark.parametrize("classes", [2, 6])
def test_number_of_classes(name, classes):
    problem = make_dataset(name, classes=classes, imbalance=1)
    assert len(problem.counts) == len(problem.classes) == classes


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_separable_is(classes):
    problem = make_dataset("separable", classes=classes, gap=0.4, imbalance=1, n=3000)
    centres = np.array([problem.X[problem.y == c].mean(axis=0) for c in range(classes)])
    distance = np.linalg.norm(problem.X_test[:, None] - centres, axis=2)
    np.testing.assert_array_equal(distance.argmin(axis=1), problem.y_test)
    between = np.linalg.norm(problem.X[problem.y == 0][:, None] - problem.X[problem.y == 1], axis=2)
    assert 0.4 <= between.min() < 0.5
    own = np.linalg.norm(problem.X - centres[problem.y], axis=1)
    assert own.max() < 0.9  # the disc's radius is 0.8, and the mean of a thousand points is near its centre
    assert np.mean(own < 0.8 / np.sqrt(2)) == pytest.approx(
        0.5, abs=0.04
    )  # evenly filled: half the area, half the points


@pytest.mark.parametrize("name", list(DATASETS))
def test_pickles(name):
    problem = make_dataset(name)
    again = pickle.loads(pickle.dumps(problem))
    np.testing.assert_array_equal(again.X, problem.X)
    assert again.notes == problem.notes
    if problem.truth:
        np.testing.assert_array_equal(again.truth.density(problem.X[:5]), problem.truth.density(problem.X[:5]))


@pytest.mark.parametrize("name", list(DATASETS))
def test_entries_describe_themselves(name):
    entry = DATASETS[name]
    assert entry.name == name
    assert entry.title
    assert entry.summary.endswith(".")
    for knob in entry.knobs:
        assert knob.title
        assert knob.help
        for value in (knob.low, knob.high) if hasattr(knob, "low") else knob.options:
            assert len(make_dataset(name, **{knob.name: value}).X)


@pytest.mark.parametrize(
    ("name", "knobs", "message"),
    [
        ("blob", {}, r"dataset must be one of 'blobs', .* or 'digits'; not 'blob'"),
        ("moons", {"classes": 3}, r"knob of moons must be one of 'n', .* or 'counts'; not 'classes'"),
        ("moons", {"counts": [5, 1]}, r"counts\[1\] is 1: each class needs a whole number of points, 2 or more"),
        ("moons", {"counts": [5.5, 2]}, r"counts\[0\] is 5.5: each class needs"),
        ("moons", {"counts": [99_999, 2]}, "counts sum to 100,001: there can be 100,000"),
        ("moons", {"counts": [5, 6, 7]}, r"counts must have shape \[2\]; not \[3\]"),
        ("blobs", {"centres": [[0, 0]]}, r"centres must have shape \[3, 2\]; not \[1, 2\]"),
        ("blobs", {"centres": "square"}, "centres must be one of 'polygon'"),
        ("blobs", {"classes": 7}, "classes must be between 2 and 6; not 7"),
        ("blobs", {"n": 100.5}, "n must be a whole number"),
        ("blobs", {"imbalance": float("nan")}, "imbalance must be between 1 and 1000; not nan"),
        ("blobs", {"seed": -1}, "seed must be a whole number, 0 or more; not -1"),
        ("blobs", {"seed": 1.5}, "seed must be a whole number"),
        ("iris", {"n": 100}, "knob of iris must be one of 'imbalance' or 'features'; not 'n'"),
        ("iris", {"features": "umap"}, "features must be one of 'pca' or 'lda'; not 'umap'"),
        ("iris", {"features": ("petal width (cm)", "age")}, "features must be one of 'sepal length .* not 'age'"),
        ("iris", {"features": ("petal width (cm)",) * 2}, "two different columns"),
    ],
)
def test_make_dataset_refuses(name, knobs, message):
    with pytest.raises(ValueError, match=message):
        make_dataset(name, **knobs)


# Real data


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("iris", {"setosa": 50, "versicolor": 50, "virginica": 50}),
        ("wine", {"class_1": 71, "class_0": 59, "class_2": 48}),
        ("breast_cancer", {"benign": 357, "malignant": 212}),
        ("digits", {"3": 183, "1": 182, "5": 182, "4": 181, "0": 178, "2": 177}),
    ],
)
def test_real_data_whole(name, sizes):
    problem = make_dataset(name, imbalance=1)
    assert problem.classes == tuple(sizes)
    assert (problem.counts + np.bincount(problem.y_test)).tolist() == list(sizes.values())
    assert len(problem.X_test) / (len(problem.X) + len(problem.X_test)) == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("name", REAL)
def test_columns_are_scikit_learns(name):
    from sklearn import datasets

    assert DATASETS[name].columns == tuple(getattr(datasets, f"load_{name}")().feature_names)


def test_real_data_made_imbalanced():
    problem = make_dataset("iris", imbalance=25)
    assert (problem.counts + np.bincount(problem.y_test)).tolist() == [
        50,
        10,
        4,
    ]  # 50, 10 and not 2, to fit in two parts
    assert "'versicolor': 10 of its 50 rows kept, to make the classes imbalanced." in problem.notes


def test_two_columns_keep_their_units():
    problem = make_dataset("iris", imbalance=1, features=("petal width (cm)", "sepal length (cm)"))
    assert problem.features == ("petal width (cm)", "sepal length (cm)")
    both = np.concatenate([problem.X, problem.X_test])
    assert both.min(axis=0).tolist() == [0.1, 4.3]
    assert both.max(axis=0).tolist() == [2.5, 7.9]


# What tables share


def test_apportion_by_hand():
    assert apportion([1, 1, 1], 10).tolist() == [4, 3, 3]
    assert apportion([97, 2, 1], 10).tolist() == [6, 2, 2]
    assert apportion([5, 3, 2], 6).tolist() == [2, 2, 2]
    with pytest.raises(ValueError, match="5 rows are too few for 2 of each of 3 classes"):
        apportion([5, 3, 2], 5)


def test_split_by_hand():
    y = np.repeat([0, 1, 2], [100, 3, 2])
    train, test = split(y, 0.3, np.random.default_rng(0))
    assert np.bincount(y[train]).tolist() == [70, 2, 1]
    assert np.bincount(y[test]).tolist() == [30, 1, 1]
    assert sorted([*train, *test]) == list(range(105))
    assert np.bincount(y[split(y, 0.99, np.random.default_rng(0))[0]]).tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="test_size must be between 0 and 1; not 1"):
        split(y, 1, np.random.default_rng(0))


def correlated(rows=400):
    rng = np.random.default_rng(0)
    y = np.arange(rows) % 2
    return rng.normal(size=(rows, 4)) @ rng.normal(size=(4, 4)) * [1, 10, 100, 1e-3] + y[:, None] * [0, 8, 0, 0], y


def test_pca_is_the_covariances_eigenvectors():
    X, y = correlated()
    scores, test_scores, _, _ = project(X[:300], y[:300], X[300:], "pca")
    Z = (X - X[:300].mean(axis=0)) / X[:300].std(axis=0)
    values, vectors = np.linalg.eigh(np.cov(Z[:300].T))
    expected = Z @ vectors[:, [3, 2]]
    np.testing.assert_allclose(np.abs(scores), np.abs(expected[:300]), atol=1e-9)
    np.testing.assert_allclose(np.abs(test_scores), np.abs(expected[300:]), atol=1e-9)
    assert scores.std(axis=0)[0] ** 2 == pytest.approx(values[3] * 299 / 300)


def test_lda_of_two_classes_finds_fishers_direction():
    X, y = correlated()
    scores, test_scores, names, notes = project(X[:300], y[:300], X[300:], "lda")
    Z = (X[:300] - X[:300].mean(axis=0)) / X[:300].std(axis=0)
    within = sum(np.cov(Z[y[:300] == c].T) for c in (0, 1))
    fisher = Z @ np.linalg.solve(within, Z[y[:300] == 1].mean(axis=0) - Z[y[:300] == 0].mean(axis=0))
    assert abs(np.corrcoef(scores[:, 0], fisher)[0, 1]) > 0.999
    assert test_scores.shape == (100, 2)
    assert names == ("discriminant 1", "rest, component 1")
    assert "Two classes have one discriminant" in notes[1]


def test_lda_of_three_classes_is_scikit_learns():
    from sklearn.datasets import load_wine
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    X, y = load_wine(return_X_y=True)
    scores = project(X, y, X[:1], "lda")[0]
    expected = LinearDiscriminantAnalysis().fit_transform((X - X.mean(axis=0)) / X.std(axis=0), y)
    for ours, theirs in zip(scores.T, expected.T, strict=True):
        assert abs(np.corrcoef(ours, theirs)[0, 1]) > 0.999


def test_the_test_part_does_not_move_the_axes():
    X, y = correlated()
    before, after = (project(X[:300], y[:300], far, "lda")[0] for far in (X[300:], X[300:] + 1e6))
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("kind", ["pca", "lda"])
def test_projection_refuses_what_spans_no_plane(kind):
    x = np.linspace(0, 1, 20)
    y = (np.arange(20) % 2).astype(np.int64)
    with pytest.raises(ValueError, match="at least two numeric columns whose values vary"):
        project(np.column_stack([x, 0 * x]), y, np.zeros((1, 2)), kind)
    with pytest.raises(ValueError, match="all say the same, up to a factor"):
        project(np.column_stack([x, 2 * x, -x]), y, np.zeros((1, 3)), kind)


def test_more_columns_than_rows():
    rng = np.random.default_rng(0)
    rows = "\n".join(",".join(f"{v:.3f}" for v in rng.normal(size=200)) + f",{'ab'[i % 2]}" for i in range(30))
    table = read_table((",".join(f"f{i}" for i in range(200)) + ",kind\n" + rows).encode(), "wide.csv")
    for kind in ("pca", "lda"):
        problem = from_table(table, "kind", kind)
        assert problem.X.shape == (22, 2)  # of 15 rows a class, 4 are tested
        assert np.isfinite(problem.X_test).all()


def test_a_table_without_a_plane_is_a_table_error():
    with pytest.raises(TableError, match="up to a factor"):
        from_table(read_table(b"a,b,k\n1,2,x\n2,4,x\n3,6,y\n4,8,y\n5,10,y\n", "t.csv"), "k")


def test_importing_is_cheap():
    code = (
        "import sys; import lossviz.data, lossviz.tables; print(sorted({m.split('.')[0] for m in sys.modules} & "
        "{'sklearn', 'scipy', 'pandas', 'pyarrow', 'tensorflow', 'streamlit'}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
