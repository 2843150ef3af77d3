"""All that is measured about a synthetic table, in one call."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from ganaug._typing import Label, RandomState
from ganaug._validation import as_seed, check_number
from ganaug.metrics._columns import category_columns, read_columns
from ganaug.metrics._encoding import encode_tables
from ganaug.metrics._labelled import split_tables
from ganaug.metrics._row_audit import audit_rows, flagged_shares, some_rows
from ganaug.metrics.detection import detection_score
from ganaug.metrics.duplicates import duplicate_share_of
from ganaug.metrics.marginals import ColumnDistance, distances_of
from ganaug.metrics.memorization import MemorizationAudit
from ganaug.metrics.pairs import AssociationDifference, difference_of
from ganaug.metrics.tstr import TSTRScore, train_synthetic_test_real


class Measure(NamedTuple):
    """One line of the summary.

    Attributes
    ----------
    synthetic : float
    real : float
        The same of held-out real rows in place of synthetic ones, or of a classifier trained on real rows; NaN if
        there is no such number.
    best : {"0", "0.5", "as real"}
    """

    synthetic: float
    real: float
    best: str


@dataclass(frozen=True, eq=False)
class TableQuality:
    """How good a synthetic table is; ``print`` it for a table of the main numbers.

    Attributes
    ----------
    columns, columns_held_out : tuple of ColumnDistance
        Synthetic rows against the training rows, and held-out real rows against them: what chance does.
        The labels are the last column.
    associations, associations_held_out : AssociationDifference
        Likewise for pairs of columns.
    tstr : tuple of TSTRScore
        Classifiers trained on synthetic rows and on real ones; empty without labels.
    detection : dict of classifier name to float in [0, 1]
        Area under the ROC curve of telling held-out from synthetic rows; 0.5 is best.
    memorization : MemorizationAudit
        Nearest-neighbour audit of the encoded rows, class by class. Rows of few columns lie near each other by
        chance, so here "copies" must also pass Fisher's exact test against the real rows' share at 1 %.
    duplicates, duplicates_held_out : float in [0, 1]
        Share of rows that equal a training row in every column and the label.
    """

    columns: tuple[ColumnDistance, ...]
    columns_held_out: tuple[ColumnDistance, ...]
    associations: AssociationDifference
    associations_held_out: AssociationDifference
    tstr: tuple[TSTRScore, ...]
    detection: dict[str, float]
    memorization: MemorizationAudit
    duplicates: float
    duplicates_held_out: float

    @property
    def summary(self) -> dict[str, Measure]:
        """The main numbers by name; those of columns are means, missing shares without their sign."""
        rows = {}
        for field, title in _COLUMN_MEASURES.items():
            means = (_mean(abs(getattr(c, field)) for c in side) for side in (self.columns, self.columns_held_out))
            rows[f"columns: {title}"] = Measure(*means, "0")
        means = self.associations.mean, self.associations_held_out.mean
        rows["pairs: association difference"] = Measure(*means, "0")
        for score in self.tstr:
            for field, title in _SCORES.items():
                values = getattr(score.synthetic, field), getattr(score.real, field)
                rows[f"{title}, {score.classifier}"] = Measure(*values, "as real")
        rows |= {f"detection, {name}": Measure(value, _NAN, "0.5") for name, value in self.detection.items()}
        rows["rows equal to a training row"] = Measure(self.duplicates, self.duplicates_held_out, "as real")
        rows["rows near a training row"] = Measure(*flagged_shares(self.memorization), "as real")
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers, strings, lists and dicts, None for NaN; column names and labels stay as they are."""
        fields = {
            "columns": [asdict(column) for column in self.columns],
            "columns_held_out": [asdict(column) for column in self.columns_held_out],
            "associations": _association_dict(self.associations),
            "associations_held_out": _association_dict(self.associations_held_out),
            "tstr": [{**asdict(score), "ratio": asdict(score.ratio)} for score in self.tstr],
            "detection": self.detection,
            "memorization": self.memorization.to_dict(),
            "duplicates": self.duplicates,
            "duplicates_held_out": self.duplicates_held_out,
        }
        return _without_nan(fields)

    def __str__(self) -> str:
        rows = {name: row for name, row in self.summary.items() if not (np.isnan(row.synthetic) and np.isnan(row.real))}
        width = max(map(len, rows))
        lines = [f"{'measure':{width}}  synthetic    real  best"]
        for name, row in rows.items():
            lines.append(f"{name:{width}}  {_number(row.synthetic):>9}  {_number(row.real):>6}  {row.best}")
        worst = sorted(self.columns, key=lambda column: -column.distance)[:3]
        lines.append("Farthest columns: " + ", ".join(f"{column.name} ({column.distance:.3f})" for column in worst))
        pairs = self.associations.worst(3)
        if pairs:
            text = ", ".join(f"{a} and {b} ({real:.2f} real, {fake:.2f} synthetic)" for a, b, real, fake in pairs)
            lines.append(f"Farthest pairs: {text}")
        lines.append(f"Memorisation: {self.memorization.verdict}")
        return "\n".join(lines)


def evaluate_table(
    real_train: Any,
    real_test: Any,
    synthetic: Any,
    *,
    target: Any = None,
    discrete_columns: Sequence[Any] | None = None,
    classifiers: Mapping[str, Any] | None = None,
    nominal: str = "theil",
    n_folds: int = 3,
    max_rows: int = 10_000,
    random_state: RandomState = 0,
) -> TableQuality:
    """Measure a synthetic table: columns, pairs of columns, use for training, detectability, copying.

    Parameters
    ----------
    real_train, real_test, synthetic : tuple (X, y), DataFrame, or array-like of shape (N, D)
        What the generator learned from, real rows that it never saw, and its samples; all of one form. Draw
        synthetic rows in the training data's class proportions, as ``gan.sample(n)`` does: other proportions
        count as differences.
    target : column name or position, optional
        Where the labels are if the tables hold them. Without labels, nothing is trained to predict them, and
        all rows count as one class.
    discrete_columns : sequence of column names or positions, optional
        Numbers to treat as categories; positions as in the table without its target.
    classifiers : mapping of name to classifier with ``fit`` and ``predict_proba``, optional
        Default: histogram gradient boosting and logistic regression.
    nominal : {"theil", "cramer"}, default "theil"
        Association of two categories; see `association_difference`.
    n_folds : int, default 3
        Of the detection; see `detection_score`.
    max_rows : int, default 10_000
        Held-out and synthetic rows beyond this are left out of detection, and rows of a class beyond this out of
        the audit, at random; at least `n_folds`. Raising it costs time.
    random_state : None, int, numpy Generator or RandomState, default 0

    Returns
    -------
    TableQuality

    Raises
    ------
    ValueError
        If columns differ or repeat, a table is empty, a number is infinite, labels are missing, continuous, of a
        single class, or unknown to the training data, or fewer than `n_folds` rows are given.
    TypeError
        If some tables have labels and some have none, or `classifiers` do not predict probabilities.

    See Also
    --------
    column_distances, association_difference, train_synthetic_test_real, detection_score, audit_memorization,
    duplicate_share

    Notes
    -----
    For classifiers and the audit, rows become standardised numbers, one-hot categories and marks of missing values
    by a `TableCodec` of the training rows; of a column's categories it tells the 64 most frequent apart. Held-out
    and synthetic rows with a category or a gap that no training row has are added when it is fitted.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> train, test, synthetic = (rng.normal(size=(n, 3)) for n in (200, 100, 200))
    >>> quality = evaluate_table(train, test, synthetic)
    >>> quality.memorization.verdict, quality.duplicates
    ('ok', 0.0)
    """
    check_number("n_folds", n_folds, minimum=2, integer=True)
    check_number("max_rows", max_rows, minimum=n_folds, integer=True)
    rng = np.random.default_rng(as_seed(random_state))
    given = {"real_train": real_train, "real_test": real_test, "synthetic": synthetic}
    tables = split_tables(given, target)
    rows = {name: table.X for name, table in tables.items()}
    train, test, fake = read_columns(rows, discrete_columns)
    X_train, X_test, X_fake = features = encode_tables(rows, (train, test, fake), discrete_columns)
    y_train, y_test, y_fake = labels = [table.y for table in tables.values()]
    if y_train is not None:
        columns = category_columns(tables["real_train"].target, labels)
        train, test, fake = ([*side, column] for side, column in zip((train, test, fake), columns, strict=True))
    tstr: tuple[TSTRScore, ...] = ()
    if y_train is not None:
        tstr = train_synthetic_test_real(X_train, y_train, X_test, y_test, X_fake, y_fake, classifiers=classifiers)
    joint = [
        some_rows(_with_labels(X, y, y_train), max_rows, rng) for X, y in zip(features[1:], labels[1:], strict=True)
    ]
    return TableQuality(
        columns=distances_of(train, fake),
        columns_held_out=distances_of(train, test),
        associations=difference_of(train, fake, nominal),
        associations_held_out=difference_of(train, test, nominal),
        tstr=tstr,
        detection=detection_score(*joint, classifiers=classifiers, n_folds=n_folds, random_state=rng),
        memorization=audit_rows(features, labels, max_rows, rng),
        duplicates=duplicate_share_of(train, fake),
        duplicates_held_out=duplicate_share_of(train, test),
    )


def _with_labels(X: np.ndarray, y: Sequence[Label] | None, y_train: Sequence[Label] | None) -> np.ndarray:
    """Append labels one-hot, so that a classifier sees rows whose label does not fit them."""
    if y is None or y_train is None:
        return X
    code_of = {label: code for code, label in enumerate(dict.fromkeys(y_train))}
    return np.hstack([X, np.eye(len(code_of), dtype=X.dtype)[[code_of[label] for label in y]]])


def _association_dict(difference: AssociationDifference) -> dict[str, Any]:
    matrices = {"real": difference.real.tolist(), "synthetic": difference.synthetic.tolist()}
    return {"names": list(difference.names), **matrices, "mean": difference.mean}


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and np.isnan(value) else value


def _mean(values: Iterable[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else _NAN


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.3f}"


_NAN = float("nan")

_COLUMN_MEASURES = {
    "wasserstein": "Wasserstein",
    "kolmogorov_smirnov": "Kolmogorov-Smirnov",
    "total_variation": "total variation",
    "missing_difference": "missing share",
}

_SCORES = {
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro-F1",
    "average_precision": "average precision",
}
