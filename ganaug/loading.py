"""`load`: read a fitted GAN that its `save` wrote."""

import importlib
from collections.abc import Sequence
from os import PathLike

import torch

from ganaug import persistence
from ganaug._parameters import check_parameters
from ganaug.base import BaseGAN
from ganaug.exceptions import ModelFormatError

# Saved models name their estimator; only these can be loaded.
_ESTIMATORS = {"ImageGAN": "ganaug.image", "TableGAN": "ganaug.table", "VectorGAN": "ganaug.vector"}
# What a config of other values than were saved may lead to.
_MALFORMED = (AttributeError, LookupError, OverflowError, RecursionError, RuntimeError, TypeError, ValueError)


def load(path: str | PathLike, *, trusted: Sequence[type] = ()) -> BaseGAN:
    """Load a model that `save` wrote.

    Parameters
    ----------
    path : path-like
    trusted : sequence of classes
        Your own losses, architectures, ... that the model was trained with. A model folder holds no code, and
        classes from outside ganaug are only taken from here.

    Returns
    -------
    BaseGAN
        A fitted estimator of the class that was saved.

    Raises
    ------
    ModelFormatError
        If the folder is missing, damaged or foreign, or needs a class that is not trusted.
    """
    config, tensors = persistence.read_folder(path, "model")
    name = config.get("estimator")
    if not isinstance(name, str) or name not in _ESTIMATORS:
        raise ModelFormatError(f"{path} holds the unknown estimator {name!r}; known are {', '.join(_ESTIMATORS)}.")
    kind = getattr(importlib.import_module(_ESTIMATORS[name]), name)
    try:
        gan = kind(**{key: persistence.from_json(value, trusted) for key, value in config["parameters"].items()})
        gan._restore(config, tensors)
        check_parameters(gan)  # Only now, since a device that is not here has been replaced.
    except (ModelFormatError, torch.OutOfMemoryError):
        raise
    except _MALFORMED as error:
        raise ModelFormatError(f"The config of the model in {path} is incomplete or malformed: {error!r}.") from error
    return gan
