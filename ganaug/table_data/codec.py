"""TableCodec: a user's table to compact rows and back."""

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ganaug._validation import check_number, list_first, suggest
from ganaug.blocks import Block
from ganaug.exceptions import GanaugWarning
from ganaug.table_data.arrays import ArrayTable
from ganaug.table_data.categories import CategoryColumn
from ganaug.table_data.cells import Cells, ColumnType
from ganaug.table_data.dependencies import Dependency, find_dependencies
from ganaug.table_data.frames import FrameTable, is_frame
from ganaug.table_data.numbers import NumberColumn

_FEWEST_IDENTIFIERS = 50
"""Rows from which on integers that are all different and close together pass for identifiers."""

_MANY_COLUMNS = 10_000
"""Columns from which on a fit, and SMOTE's distances between categories above all, may take minutes."""


@dataclass(frozen=True)
class TableCodec:
    """Turn tables of mixed types into rows that networks learn from, and back.

    Numbers, times, periods and durations become standardised numbers; strings, booleans and pandas categoricals become
    categories. Heavy-tailed columns go through their quantiles; a value that many rows share, such as zero, and
    missing values become categories beside the number. Columns without any variation cost nothing, nor do those that
    follow from a category of another column: these are not in compact rows, and are filled in from that.

    Make one with `fit`; it does not change afterwards.

    Attributes
    ----------
    form : ArrayTable or FrameTable
        The container, and the columns' names and types.
    columns : tuple of NumberColumn or CategoryColumn
        What was learned of each column.
    dependencies : tuple of Dependency
        Columns that follow from another one.
    blocks : tuple of Block
        What the entries of compact rows are.

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug.table_data import TableCodec
    >>> X = np.array([[1.5, 0.0], [2.5, 0.0], [4.0, 0.0]])
    >>> codec = TableCodec.fit(X)
    >>> codec.blocks, codec.encode(X).shape
    ((Block(size=1),), (3, 1))
    >>> codec.decode(codec.encode(X)).tolist()
    [[1.5, 0.0], [2.5, 0.0], [4.0, 0.0]]
    """

    form: ArrayTable | FrameTable
    columns: tuple[NumberColumn | CategoryColumn, ...]
    dependencies: tuple[Dependency, ...] = ()

    @classmethod
    def fit(cls, X: Any, *, discrete_columns: Sequence[Any] | None = None, max_categories: int = 64) -> "TableCodec":
        """Learn a table.

        Parameters
        ----------
        X : DataFrame, ndarray or list of lists, of shape (N, n_features)
            Numbers, decimals, booleans, strings, dates, times, durations, periods, pandas categoricals; other objects
            if a column's are all of one hashable type. Cells may be missing.
        discrete_columns : sequence of column names or positions, optional
            Columns that are categories although they hold numbers or times, such as postcodes.
        max_categories : int, default 64
            A column with more categories keeps this many, the most frequent; the rest becomes one, from which
            `decode` draws in the proportions of the training data. Raising it costs memory and time.

        Raises
        ------
        ValueError, TypeError
            If `X` is not 2-D, empty, sparse or complex, has infinite values, repeated column names, or a column of
            mixed types; or if a parameter is not what it should be.

        Warns
        -----
        GanaugWarning
            Once, naming all columns that have more than `max_categories`; once, naming those whose integers number the
            rows; and if there are more than 10,000 columns.
        """
        check_number("max_categories", max_categories, minimum=1, maximum=2**20, integer=True)
        form, cells = (FrameTable if is_frame(X) else ArrayTable).fit(X)
        if len(cells) > _MANY_COLUMNS:
            _warn_of_many_columns(len(cells))
        discrete = _find_places(discrete_columns, form.names, len(cells))
        columns = tuple(
            _fit_column(own, column_type, place in discrete, max_categories)
            for place, (own, column_type) in enumerate(zip(cells, form.types, strict=True))
        )
        dependencies = find_dependencies(
            columns, cells, lambda place: _encode(columns[place], cells[place], form.types[place])
        )
        codec = cls(form, columns, dependencies)
        if codec.capped:
            _warn_capped(codec.capped, max_categories)
        _warn_of_identifiers([own for own, kind in zip(cells, form.types, strict=True) if kind.kind == "number"])
        return codec

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(block for place in self._learned for block in self.columns[place].blocks)

    @property
    def cases(self) -> dict[int, int]:
        """For the blocks of numbers that come with one of cases: the block of cases, which is 0 where they count."""
        blocks, columns = self.blocks, [place for place in self._learned for _ in self.columns[place].blocks]
        return {
            place: place - 1
            for place in range(1, len(blocks))
            if blocks[place].size == 1 and columns[place - 1] == columns[place]
        }

    @property
    def missing(self) -> tuple[tuple[slice, int], ...]:
        """Of each column with missing values: its blocks, and the category of the first that stands for them."""
        found, start = [], 0
        for column in (self.columns[place] for place in self._learned):
            stop = start + len(column.blocks)
            if column.has_missing and stop > start:
                found.append((slice(start, stop), column.blocks[0].size - 1))
            start = stop
        return tuple(found)

    @property
    def n_features(self) -> int:
        """Columns of the user's table."""
        return len(self.columns)

    @property
    def n_varying(self) -> int:
        """Columns in compact rows: those that are not constant and do not follow from another one."""
        return sum(bool(self.columns[place].blocks) for place in self._learned)

    @property
    def feature_names(self) -> tuple[Any, ...] | None:
        """The columns' labels; None for arrays."""
        return self.form.names

    @property
    def capped(self) -> tuple[Any, ...]:
        """Names (positions for arrays) of the columns that had too many categories."""
        names = self.feature_names or range(self.n_features)
        return tuple(
            name
            for name, column in zip(names, self.columns, strict=True)
            if isinstance(column, CategoryColumn) and column.is_capped
        )

    def encode(self, X: Any) -> np.ndarray:
        """Turn a table like the one in `fit` into compact rows.

        Numbers may lie outside the seen range; a category that `fit` did not see is an error, except in columns
        that were capped, where it joins the folded ones. Columns that follow from others are not looked at beyond
        that: rows in which they do not follow are encoded as those in which they do.

        Parameters
        ----------
        X : DataFrame, ndarray or list of lists, of shape (N, n_features)

        Returns
        -------
        ndarray of shape (N, n_blocks), float32
            A number's block holds its standardised value, a category's block its index from 0 to ``size - 1``.

        Raises
        ------
        ValueError, TypeError
            If columns are missing, renamed or in another order; or a column holds another kind of values, an
            unseen category, infinite values, or missing ones where `fit` saw none. The message names the column.
        """
        cells = self.form.read(X)
        encoded = [_encode(column, *own) for column, *own in zip(self.columns, cells, self.form.types, strict=True)]
        return _stack([block for place in self._learned for block in encoded[place]], len(cells[0].values))

    def decode(self, compact: np.ndarray, seed: int = 0) -> Any:
        """Turn compact rows, real or synthetic, into a table typed like the one in `fit`.

        Numbers beyond the seen range are reflected into it, or stand at its end where many seen values do; they are
        rounded to the granularity that all seen values share, and those of columns of few distinct values to these.

        Parameters
        ----------
        compact : ndarray of shape (N, n_blocks), float32
            Category indices are rounded, and clipped to the block's size.
        seed : int, default 0
            For drawing values of folded categories.

        Returns
        -------
        DataFrame or ndarray of shape (N, n_features)
            The same columns, order, dtypes and categories. A DataFrame has a `RangeIndex`, with the training
            index's name if that was of integers: labels such as dates or keys belong to real rows. Lists of rows
            come back as an array.

        Raises
        ------
        ValueError
            If `compact` is not of that shape.
        """
        compact = np.asarray(compact)
        if compact.ndim != 2 or compact.shape[1] != len(self.blocks):
            raise ValueError(
                f"compact has shape {compact.shape}; expected (N, {len(self.blocks)}), one entry for each of "
                f"codec.blocks."
            )
        rng = np.random.default_rng(seed)
        columns = []
        blocks, following = self._split(compact), self._following
        for place, (column, column_type) in enumerate(zip(self.columns, self.form.types, strict=True)):
            filled = following[place].fill(blocks[following[place].source][0]) if place in following else None
            if isinstance(column, NumberColumn):
                columns.append(column_type.write(*(filled or column.decode(blocks[place], len(compact)))))
            else:
                codes = [filled[0]] if filled else blocks[place]
                columns.append(column_type.write_codes(*column.decode(codes, len(compact), rng)))
        return self.form.write(columns, len(compact))

    def features(self, X: Any, *, ignore_unseen: bool = False) -> np.ndarray:
        """Turn a table into plain numeric features for classifiers, filters, neighbours, SMOTE and metrics.

        Parameters
        ----------
        X : DataFrame, ndarray or list of lists, of shape (N, n_features)
        ignore_unseen : bool, default False
            Whether a category that `fit` did not see is given zeros in all its columns (or, in a column that was
            capped, counts as a rare one), and so are missing ones where `fit` saw none, instead of an error; columns
            in which `fit` saw no variation are not looked at.

        Returns
        -------
        ndarray of shape (N, D), float32
            A column for each number (standardised, or by its quantiles where a few values lie so far off that the
            others would all but coincide; 0 if missing), followed by one of 0/1 if values can be missing;
            and 0/1 columns for each category, of which missing and folded values are one each. Constant columns
            are left out; if all are constant, there is one of zeros.

        Raises
        ------
        ValueError, TypeError
            As `encode`.
        """
        unread = {place for place, column in enumerate(self.columns) if ignore_unseen and not column.n_features}
        cells = self.form.read(X, ignore_unseen, unread)
        features: list[np.ndarray] = []
        for own, column, column_type in zip(cells, self.columns, self.form.types, strict=True):
            if own is None:
                continue
            if isinstance(column, NumberColumn):
                features += column.features(own, ignore_unseen)
            else:
                features += column.features(own, column_type, ignore_unseen)
        n_rows = next((len(own.values) for own in cells if own is not None), None)
        n_rows = len(X) if n_rows is None else n_rows
        return _stack(features or [np.zeros(n_rows)], n_rows)

    def to_dict(self) -> dict[str, Any]:
        """Write the codec as a JSON-able dict.

        Raises
        ------
        TypeError
            If a category is an object that JSON cannot hold.
        """
        values = {"form": self.form.to_dict(), "columns": [column.to_dict() for column in self.columns]}
        if self.dependencies:
            values["dependencies"] = [asdict(dependency) for dependency in self.dependencies]
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TableCodec":
        """Read what `to_dict` wrote."""
        forms: dict[str, Any] = {"array": ArrayTable, "frame": FrameTable}
        kinds: dict[str, Any] = {"number": NumberColumn, "category": CategoryColumn}
        form = forms[values["form"]["container"]].from_dict(values["form"])
        columns = tuple(kinds[column["kind"]].from_dict(column) for column in values["columns"])
        dependencies = (
            Dependency(own["column"], own["source"], tuple(own["values"])) for own in values.get("dependencies", ())
        )
        return cls(form, columns, tuple(dependencies))

    @property
    def _following(self) -> dict[int, Dependency]:
        return {dependency.column: dependency for dependency in self.dependencies}

    @property
    def _learned(self) -> list[int]:
        """Places of the columns whose blocks are in compact rows."""
        following = self._following
        return [place for place in range(len(self.columns)) if place not in following]

    def _split(self, compact: np.ndarray) -> list[list[np.ndarray]]:
        """Return each column's blocks; none for those that follow from others."""
        rows, start = np.ascontiguousarray(compact.T), 0
        blocks: list[list[np.ndarray]] = [[] for _ in self.columns]
        for place in self._learned:
            blocks[place] = list(rows[start : start + len(self.columns[place].blocks)])
            start += len(blocks[place])
        return blocks


def _encode(column: NumberColumn | CategoryColumn, cells: Cells, column_type: ColumnType) -> list[np.ndarray]:
    return column.encode(cells) if isinstance(column, NumberColumn) else column.encode(cells, column_type)


def _fit_column(
    cells: Cells, column_type: ColumnType, is_discrete: bool, max_categories: int
) -> NumberColumn | CategoryColumn:
    if is_discrete or not column_type.is_number:
        return CategoryColumn.fit(cells, max_categories)
    column = NumberColumn.fit(cells, column_type)
    return column if column.tells_apart(cells) else CategoryColumn.fit(cells, max_categories)


def _find_places(given: Sequence[Any] | None, names: tuple[Any, ...] | None, n_columns: int) -> set[int]:
    """Return the positions of columns given by name or position."""
    if given is None:
        return set()
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__") or hasattr(given, "__next__"):
        raise TypeError(
            f"discrete_columns must be a list of column names or positions, got {given!r}; pass [{given!r}]."
        )
    index = {name: place for place, name in enumerate(names or ())}
    places = set()
    for column in given:
        if column in index:
            places.add(index[column])
        elif isinstance(column, (int, np.integer)) and type(column) is not bool and -n_columns <= column < n_columns:
            places.add(int(column) % n_columns)
        else:
            known = "" if names is None else f"a name among {list_first(list(map(repr, names)))}; or "
            raise ValueError(
                f"discrete_columns names {column!r}, which X does not have; expected {known}a position from "
                f"{-n_columns} to {n_columns - 1}.{suggest(column, names or ())}"
            )
    return places


def _stack(columns: list[np.ndarray], n_rows: int) -> np.ndarray:
    stacked = np.empty((n_rows, len(columns)), np.float32)
    for place, column in enumerate(columns):
        stacked[:, place] = column
    return stacked


def _warn_of_many_columns(n_columns: int) -> None:
    warnings.warn(
        f"X has {n_columns:,} columns, and each is learned on its own: this may take minutes or more. Make fewer of "
        f"them first, for example with TruncatedSVD or SelectKBest.",
        GanaugWarning,
        stacklevel=3,
    )


def _warn_of_identifiers(columns: list[Cells]) -> None:
    names = [own.name for own in columns if _numbers_rows(own)]
    if names:
        warnings.warn(
            f"Another integer in each row, as identifiers are, is in {list_first(names)}. Synthetic rows get "
            f"those of real rows, or new ones; leave identifiers out of X.",
            GanaugWarning,
            stacklevel=3,
        )


def _numbers_rows(cells: Cells) -> bool:
    """Whether integers that are all different lie so close that they must have been counted out."""
    values, n = cells.values, len(cells.values)
    if values.dtype.kind not in "iu" or cells.missing is not None or n < _FEWEST_IDENTIFIERS:
        return False
    return int(values.max()) - int(values.min()) < 2 * n and len(np.unique(values)) == n


def _warn_capped(names: tuple[Any, ...], max_categories: int) -> None:
    shown = list_first([repr(name) for name in names])
    warnings.warn(
        f"These columns have more than {max_categories} categories: {shown}. Each keeps its {max_categories} most "
        f"frequent; the rest is folded into one, from which synthetic rows draw at random. Raise max_categories to "
        f"keep more, turn numbers and dates that are written as strings into such, or leave identifiers out of X.",
        GanaugWarning,
        stacklevel=3,
    )
