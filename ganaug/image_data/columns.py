"""Which column of a data set holds the images, and which the labels."""

from collections.abc import Mapping, Sequence
from typing import Any

LABEL_NAMES = ("label", "labels", "target", "class", "y")


def choose_columns(
    names: Sequence[str], image_columns: Sequence[str], class_columns: Sequence[str], owner: str
) -> tuple[str, str]:
    """Return the names of the image column and of the label column.

    The label column is the only one of class labels; or else the only one with a usual name; or else the only
    one left.

    Raises
    ------
    ValueError
        If there is no such column, or more than one.
    """
    listed = ", ".join(names)
    if not image_columns:
        raise ValueError(
            f"{owner} must have one column of images, got none among the columns {listed}; if it is a table, train a "
            f"TableGAN on it, on the command line by --target COLUMN, which names the column of classes."
        )
    if len(image_columns) != 1:
        raise ValueError(
            f"{owner} must have exactly one column of images, got {list(image_columns)} among the columns "
            f"{listed}; keep only the one to learn."
        )
    image = image_columns[0]
    others = [name for name in names if name != image]
    usual = [name for name in others if name in LABEL_NAMES]
    for candidates in (class_columns, usual, others):
        if len(candidates) == 1:
            return image, candidates[0]
        if candidates:
            break
    raise ValueError(
        f"{owner} must have exactly one column of labels, got the columns {listed}; keep the image column "
        f"and one column named 'label'."
    )


def find_class_names(feature: Any) -> dict[Any, str]:
    """Return the names of integer classes that a Hugging Face ClassLabel feature, or its JSON, holds."""
    names = feature.get("names") if isinstance(feature, Mapping) else getattr(feature, "names", None)
    return dict(enumerate(names or []))
