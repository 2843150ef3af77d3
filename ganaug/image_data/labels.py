"""Labels of any hashable kind: cleaned, numbered, and written as JSON."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

import numpy as np
import torch

from ganaug._typing import Label
from ganaug._validation import is_missing, list_first, suggest


class LabelCodec:
    """Number the classes of a data set, and name them again.

    Parameters
    ----------
    labels : iterable of hashable
        The classes, or all labels of a data set; repeated ones count once.
    dtype : str, optional
        dtype that `decode` returns. Default: that of `labels` if they are an array; else int64, float64, bool
        or str if all labels are of that kind, and object otherwise.

    Attributes
    ----------
    classes : tuple of hashable
        Sorted if they can be compared, and in the order first seen otherwise.
    dtype : str

    Examples
    --------
    >>> codec = LabelCodec(["dog", "cat", "dog"])
    >>> codec.classes
    ('cat', 'dog')
    >>> codec.encode(["dog"]), codec.decode([0, 1]).tolist()
    (array([1]), ['cat', 'dog'])
    """

    def __init__(self, labels: Iterable[Label], dtype: str | None = None) -> None:
        cleaned, given_dtype = clean_labels(labels)
        unique = list(dict.fromkeys(cleaned))
        with contextlib.suppress(TypeError):
            unique = sorted(unique)  # type: ignore[type-var]
        self.classes: tuple[Label, ...] = tuple(unique)
        self.dtype = dtype or given_dtype or _find_dtype(self.classes)
        self._index = {label: index for index, label in enumerate(self.classes)}
        self._table = _make_table(self.classes, self.dtype)

    def __len__(self) -> int:
        return len(self.classes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LabelCodec):
            return NotImplemented
        return (self.classes, self.dtype) == (other.classes, other.dtype)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"LabelCodec({list(self.classes)!r}, dtype={self.dtype!r})"

    def encode(self, y: Iterable[Label]) -> np.ndarray:
        """Return the class numbers, int64 of shape (N,).

        Raises
        ------
        ValueError
            If a label is not among `classes`; the message names it, the known ones and the nearest.
        """
        labels, _ = clean_labels(y)
        try:
            return np.fromiter((self._index[label] for label in labels), np.int64, len(labels))
        except KeyError as error:
            unseen = error.args[0]
        shown = list_first(list(map(repr, self.classes)))
        raise ValueError(f"Unknown label {unseen!r}; the training data has {shown}.{suggest(unseen, self.classes)}")

    def decode(self, indices: Any) -> np.ndarray:
        """Return the labels of class numbers, of shape (N,) and with the dtype given in training."""
        return self._table[np.asarray(indices, dtype=np.int64)]

    def to_list(self) -> list[Any]:
        """Write the codec as JSON-able ``[tag, value]`` pairs, the first of which holds the dtype.

        Raises
        ------
        TypeError
            If a label is not an int, float, str, bool, bytes or a tuple of these.
        """
        return [["dtype", self.dtype], *(_label_to_json(label) for label in self.classes)]

    @classmethod
    def from_list(cls, values: Sequence[Any]) -> "LabelCodec":
        """Read what `to_list` wrote."""
        (_, dtype), *classes = values
        return cls([_label_from_json(pair) for pair in classes], dtype)


def clean_labels(y: Any) -> tuple[list[Label], str | None]:
    """Return labels as plain Python objects, and the dtype they had if they came as an array.

    Parameters
    ----------
    y : list, ndarray, Tensor or Series of shape (N,)

    Raises
    ------
    TypeError, ValueError
        If `y` has not one label for each sample, or a label is missing or not hashable.
    """
    if isinstance(y, torch.Tensor):
        y = y.detach().cpu().numpy()
    elif hasattr(y, "to_numpy"):  # pandas
        y = y.to_numpy()
    dtype = None
    if isinstance(y, np.ndarray):
        if y.ndim != 1:
            raise ValueError(
                f"y has shape {y.shape}; expected one label for each sample, shape (N,). "
                f"Turn one-hot rows into labels with y.argmax(axis=1), and a column with y.ravel(), of a "
                f"DataFrame with y.iloc[:, 0]."
            )
        dtype = {"U": "str", "T": "str", "S": "bytes"}.get(y.dtype.kind, y.dtype.name)
        y = y.tolist()
    elif isinstance(y, (str, bytes)) or not hasattr(y, "__iter__"):
        raise TypeError(f"y must be a list or array with one label for each sample, got {y!r}.")
    elif isinstance(y, (Mapping, set, frozenset)):
        spelled_out = "np.repeat(list(counts), list(counts.values())) for counts by label"
        raise TypeError(
            f"y must be a list or array with one label for each sample, got a {type(y).__name__} of {len(y)}; pass "
            f"{spelled_out if isinstance(y, Mapping) else 'a list'}."
        )
    labels = list(y)
    if set(map(type, labels)) <= {int, str, bool}:
        return labels, dtype
    return [clean_label(label, f"Label {index} of y") for index, label in enumerate(labels)], dtype


def clean_label(label: Any, name: str) -> Label:
    """Return one label as a plain Python object.

    Numpy scalars and 0-d tensors become numbers, in tuples too, and members of an IntEnum or StrEnum their values.

    Raises
    ------
    TypeError
        If the label is not hashable.
    ValueError
        If the label is None, NaN, NA or NaT.
    """
    if isinstance(label, np.generic) or (isinstance(label, (np.ndarray, torch.Tensor)) and label.ndim == 0):
        label = label.item()
    if type(label) is tuple:
        label = tuple(part.item() if isinstance(part, np.generic) else part for part in label)
    if isinstance(label, Enum) and isinstance(label, (int, str)):
        label = label.value
    if not _is_hashable(label):
        raise TypeError(
            f"{name} is {label!r} of type {type(label).__name__}, which is not hashable and so cannot name a "
            f"class; use a number, a string or a tuple."
        )
    if is_missing(label):
        raise ValueError(f"{name} is missing ({label!r}); give every sample a label, or leave it out.")
    return label


def _is_hashable(label: object) -> bool:
    if isinstance(label, torch.Tensor):  # Hashed by identity, so equal labels would differ.
        return False
    try:
        hash(label)
    except TypeError:
        return False
    return True


def _find_dtype(classes: Sequence[Label]) -> str:
    kinds = {type(label) for label in classes}
    if kinds == {int} and all(-(2**63) <= label < 2**63 for label in classes):  # type: ignore[operator]
        return "int64"
    return {bool: "bool", float: "float64", str: "str"}.get(kinds.pop(), "object") if len(kinds) == 1 else "object"


def _make_table(classes: Sequence[Label], dtype: str) -> np.ndarray:
    table = np.empty(len(classes), dtype=object)
    for index, label in enumerate(classes):  # np.array would unpack tuples.
        table[index] = label
    return table if dtype == "object" else table.astype(dtype)


def _label_to_json(label: Any) -> list[Any]:
    if type(label) in (int, float, str, bool):
        return [type(label).__name__, label]
    if type(label) is bytes:
        return ["bytes", label.hex()]
    if type(label) is tuple:
        return ["tuple", [_label_to_json(part) for part in label]]
    raise TypeError(
        f"Label {label!r} of type {type(label).__name__} cannot be saved; to save, use labels of type int, "
        f"float, str, bool, bytes, or tuples of these."
    )


def _label_from_json(pair: Sequence[Any]) -> Label:
    tag, value = pair
    if tag == "tuple":
        return tuple(_label_from_json(part) for part in value)
    return bytes.fromhex(value) if tag == "bytes" else value
