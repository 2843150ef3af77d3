"""`ImageClassifier`: the benchmark's network behind scikit-learn's interface, as a filter needs it."""

from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from ganaug._features import as_features
from ganaug._typing import RandomState
from ganaug._validation import as_seed, check_choice, check_same_length
from ganaug.benchmark.augmentation import candidate_augmentations
from ganaug.benchmark.learners import ResidualNetwork, predict_logits
from ganaug.benchmark.methods import Method
from ganaug.benchmark.tasks import Task


class ImageClassifier(ClassifierMixin, BaseEstimator):
    """Small residual network on flattened images, trained on class-balanced, augmented batches.

    Made for ``ConfidenceFilter(ImageClassifier((28, 28)))``, which judges images better than the filter's random
    forest does, and takes a minute instead of seconds.

    Parameters
    ----------
    image_shape : tuple (H, W), (H, W, C) or (C, H, W) with C of 1, 3 or 4
        Shape of an image before it was flattened.
    learner : ResidualNetwork, default ResidualNetwork(n_steps=1200, batch_size=128)
        Network and training.
    augment : str, default 'RandAugment'
        A name of `candidate_augmentations`.
    mirror : bool, default False
        Whether a mirrored image keeps its label.
    random_state : None, int, numpy Generator or RandomState, default 0

    Attributes
    ----------
    classes_ : ndarray
        Labels, sorted.
    n_features_in_ : int

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug.benchmark import ImageClassifier, ResidualNetwork
    >>> X, y = np.zeros((8, 8, 8), np.uint8), np.arange(8) % 2
    >>> X[y == 1, 2:6] = 255
    >>> classifier = ImageClassifier((8, 8), learner=ResidualNetwork(n_steps=2, batch_size=8, width=4))
    >>> classifier.fit(X.reshape(8, -1), y).predict_proba(X.reshape(8, -1)).shape
    (8, 2)
    """

    def __init__(
        self,
        image_shape: tuple[int, ...],
        *,
        learner: ResidualNetwork = ResidualNetwork(n_steps=1200, batch_size=128),  # noqa: B008 - frozen
        augment: str = "RandAugment",
        mirror: bool = False,
        random_state: RandomState = 0,
    ) -> None:
        self.image_shape = image_shape
        self.learner = learner
        self.augment = augment
        self.mirror = mirror
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> "ImageClassifier":
        """Train.

        Parameters
        ----------
        X : array-like of shape (N, product of image_shape), any real dtype and range
            The range that is seen here becomes that of the pixels.
        y : array of N labels

        Raises
        ------
        ValueError
            If `image_shape` is none, X does not fit it, X and y differ in length, or `augment` is unknown.
        """
        augment = check_choice("augment", self.augment, candidate_augmentations(self.mirror))
        _check_image_shape(self.image_shape)
        X = as_features("X", X)
        check_same_length(X, y)
        self.low_, self.high_ = float(X.min()), float(X.max())
        self.n_features_in_ = int(np.prod(self.image_shape))
        pixels = self._pixels(X)
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        names = tuple(map(str, self.classes_))
        task = Task("", pixels, codes, pixels[:0], codes[:0], pixels[:0], codes[:0], (), names)
        method = Method("filter", augment=augment)
        self.network_, _ = replace(self.learner, n_checks=0).train(task, method, as_seed(self.random_state))
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return class probabilities of shape (N, K), float32."""
        check_is_fitted(self, "network_")
        return softmax(predict_logits(self.network_, self._pixels(as_features("X", X))), axis=1)

    def transform(self, X: Any) -> np.ndarray:
        """Return the last hidden layer's features, of shape (N, D), float32: what `NeighbourFilter` may measure in."""
        check_is_fitted(self, "network_")
        return predict_logits(self.network_[:-1], self._pixels(as_features("X", X)))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each image."""
        return self.classes_[self.predict_proba(X).argmax(1)]

    def _pixels(self, X: np.ndarray) -> np.ndarray:
        """Return uint8 images (N, C, H, W)."""
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} values an image, and image_shape={self.image_shape} has {self.n_features_in_}; "
                f"give the shape of one image before it is flattened."
            )
        scale = 255 / (self.high_ - self.low_ or 1)
        pixels = np.clip(np.rint((X - np.float32(self.low_)) * np.float32(scale)), 0, 255).astype(np.uint8)
        images = pixels.reshape(len(X), *self.image_shape)
        if images.ndim == 3:
            return images[:, None]
        is_channels_last = images.shape[3] in _CHANNELS
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2)) if is_channels_last else images


_CHANNELS = (1, 3, 4)


def _check_image_shape(shape: Any) -> None:
    is_shape = isinstance(shape, (tuple, list)) and all(isinstance(side, Integral) and side > 0 for side in shape)
    if not is_shape or len(shape) not in (2, 3) or (len(shape) == 3 and not {shape[0], shape[2]} & set(_CHANNELS)):
        raise ValueError(
            f"image_shape must be (H, W), (H, W, C) or (C, H, W) with 1, 3 or 4 channels C, got {shape!r}; give the "
            f"shape of one image before it is flattened."
        )
