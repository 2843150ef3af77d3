"""Find the label of a sample, or the labels of a batch, in whatever structure the data loader gives."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch

_KEYS = ("labels", "label", "targets", "target", "y")


def find_labels(sample: Any) -> Any:
    """Return the labels of a sample, or None if there is nothing that looks like them.

    Labels are the second item of a tuple or list, or in a mapping (the sample, or its second item) the value
    of the first key called, whatever the case, labels, label, targets, target or y, or containing "label".
    """
    if isinstance(sample, (tuple, list)):
        sample = sample[1] if len(sample) > 1 else None
        if not isinstance(sample, Mapping):
            return sample
    if not isinstance(sample, Mapping):
        return None
    by_name = {key.lower(): value for key, value in reversed(sample.items()) if isinstance(key, str)}
    for name in (*_KEYS, *(name for name in reversed(by_name) if "label" in name)):
        if name in by_name:
            found = by_name[name]
            return find_labels(found) if isinstance(found, Mapping) else found
    return None


def find_no_labels(sample: Any) -> None:
    """Stand in for a labels getter where samples have no labels."""


def unify_labels(labels: Any, known: Mapping[Hashable, Any]) -> tuple[Any, bool]:
    """Return labels in one of two forms, and whether they are a batch.

    Parameters
    ----------
    labels : hashable, 0-d tensor or array, tensor or array of shape (N,) or (N, 1), or list of N labels
    known : mapping
        Whose keys are the known labels; a tuple among them is one label, not a batch.

    Returns
    -------
    labels : hashable, or tensor, array or list of length N
    is_batch : bool

    Raises
    ------
    ValueError
        If the labels are soft or one-hot, of shape (N, K).
    """
    if isinstance(labels, (torch.Tensor, np.ndarray, np.generic)):
        if labels.ndim == 2 and labels.shape[1] == 1:
            labels = labels[:, 0]
        if labels.ndim > 1:
            raise ValueError(
                f"The labels have shape {tuple(labels.shape)}; expected one class per image. Put GANAugment "
                f"before MixUp, CutMix and one-hot encoding, or pass a labels_getter that returns the "
                "classes."
            )
        return (labels, True) if labels.ndim else (labels.item(), False)
    if isinstance(labels, list) or (isinstance(labels, tuple) and not _is_key(labels, known)):
        return [label.item() if hasattr(label, "item") else label for label in labels], True
    return labels, False


def _is_key(label: tuple, known: Mapping[Hashable, Any]) -> bool:
    try:
        return label in known
    except TypeError:  # a tuple that holds something unhashable
        return False
