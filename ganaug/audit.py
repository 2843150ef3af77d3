"""Audit a fitted GAN against its training data."""

import warnings
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ganaug._typing import RandomState
from ganaug._validation import as_seed, check_number
from ganaug.exceptions import GanaugWarning
from ganaug.image_data import read_like
from ganaug.image_data.labels import clean_labels
from ganaug.metrics import MemorizationAudit, audit_memorization
from ganaug.metrics._row_audit import allow_for_chance


def audit_gan(
    gan: Any, data: Any, held_out: Any = None, *, n_per_class: int = 500, random_state: RandomState = 0
) -> MemorizationAudit:
    """Draw samples and ask whether they lie suspiciously near to training images, class by class.

    Parameters
    ----------
    gan : ImageGAN
        Fitted.
    data : tuple (X, y), or a data set as `ImageGAN.fit` takes it
        The training data. Image files are resized as they were for training, and unreadable ones are skipped if
        they were.
    held_out : like `data`, optional
        Real data that was not trained on: the yardstick of what is near by chance. Without it, the training
        images' distances to each other serve, which is stricter.
    n_per_class : int, default 500
    random_state : None, int, numpy Generator or RandomState, default 0

    Returns
    -------
    MemorizationAudit
        Distances are Euclidean between pixels scaled to [0, 1].

    Raises
    ------
    ValueError
        If the data's images or labels differ from the model's, or a class has no training image.

    Warns
    -----
    GanaugWarning
        If the data has not as many images of each class as the model was trained on.
    """
    check_number("n_per_class", n_per_class, minimum=1, integer=True)
    rng = np.random.default_rng(as_seed(random_state))
    train, train_classes = _read(gan, data)
    _check_training_data(gan, train_classes, "image")
    other, other_classes = (None, None) if held_out is None else _read(gan, held_out)
    parts = []
    for index, label in enumerate(gan.label_codec_.classes):
        # Class by class, so that memory need not hold all images as floats.
        labels = gan.label_codec_.decode(np.full(n_per_class, index))
        fake = _scaled(gan.sample_pixels(labels, random_state=rng))
        real = _scaled(train[train_classes == index])
        rows = np.empty(0, np.int64) if other is None else np.flatnonzero(other_classes == index)
        yardstick = (_scaled(other[rows]), [label] * len(rows)) if len(rows) else (None, None)
        parts.append(audit_memorization(real, [label] * len(real), *yardstick, fake, [label] * n_per_class))
    return MemorizationAudit(tuple(row for part in parts for row in part.classes), parts[0].ratio, parts[0].max_flagged)


def audit_table_gan(
    gan: Any,
    data: tuple[Any, Any],
    held_out: tuple[Any, Any] | None = None,
    *,
    n_per_class: int = 500,
    random_state: RandomState = 0,
) -> MemorizationAudit:
    """Draw rows and ask whether they lie suspiciously near to training rows, class by class.

    Parameters
    ----------
    gan : TableGAN or VectorGAN
        Fitted.
    data : tuple (X, y)
        The training data.
    held_out : tuple (X, y), optional
        Real data that was not trained on: the yardstick of what is near by chance. Without it, the training rows'
        distances to each other serve, which is stricter.
    n_per_class : int, default 500
    random_state : None, int, numpy Generator or RandomState, default 0

    Returns
    -------
    MemorizationAudit
        Distances are Euclidean between the features of `TableCodec.features`: standardised numbers, and 0/1 for
        categories. The verdict is "copies" only where Fisher's exact test, too, finds more synthetic than real rows
        flagged, at 1 %; where too few real rows cannot tell a large excess from chance, it says so.

    Raises
    ------
    ValueError, TypeError
        If the data is no pair of equally many rows and labels, its columns or labels differ from the model's, or a
        class has no training row.
    NotFittedError

    Warns
    -----
    GanaugWarning
        If the data has not as many rows of each class as the model was trained on.
    """
    check_number("n_per_class", n_per_class, minimum=1, integer=True)
    check_is_fitted(gan, "codec_")
    X, y = _check_pair("data", data)
    classes = gan.label_codec_.encode(y)
    train = gan.codec_.features(X)
    _check_training_data(gan, classes, "row")
    yardstick: tuple[Any, Any] = (None, None)
    if held_out is not None:
        X, y = _check_pair("held_out", held_out)
        yardstick = gan.codec_.features(X, ignore_unseen=True), clean_labels(y)[0]
    wanted = gan.label_codec_.decode(np.repeat(np.arange(len(gan.label_codec_)), n_per_class))
    rows, labels = gan.sample(y=wanted, random_state=np.random.default_rng(as_seed(random_state)))
    # Sorted by class, so that the report is.
    order = np.argsort(classes, kind="stable")
    train_labels = gan.label_codec_.decode(classes[order]).tolist()
    synthetic = gan.codec_.features(rows), labels.tolist()
    return allow_for_chance(audit_memorization(train[order], train_labels, *yardstick, *synthetic))


def _check_pair(name: str, data: Any) -> tuple[Any, Any]:
    if not isinstance(data, tuple | list) or len(data) != 2 or data[1] is None:
        raise TypeError(f"{name} must be a pair (X, y) of rows and their labels, got a {type(data).__name__}.")
    X, y = data
    if len(X) != len(y):
        raise ValueError(f"{name} has {len(X)} rows and {len(y)} labels; pass exactly one label for each row.")
    return X, y


def _read(gan: Any, data: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels (N, C, H, W), uint8, and class numbers (N,)."""
    found = read_like(gan.layout_, data, gan.on_error)
    return found.pixels, gan.label_codec_.encode(found.labels)


def _check_training_data(gan: Any, classes: np.ndarray, sample: str) -> None:
    found = np.bincount(classes, minlength=len(gan.label_codec_)).tolist()
    for n, (label, expected) in zip(found, gan.class_counts_.items(), strict=True):
        if not n:
            raise ValueError(f"The data has no {sample} of {label!r}; pass the data that the model was trained on.")
        if n != expected:
            warnings.warn(
                f"The data has {n} {sample}s of {label!r} and the model was trained on {expected}; an audit means "
                f"something only with the training data itself.",
                GanaugWarning,
                stacklevel=3,
            )
            return


def _scaled(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(len(pixels), -1).astype(np.float32) / 255
