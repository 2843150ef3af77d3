"""`RowGAN`: what the GANs on rows share, be they of a table or feature vectors."""

import copy
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils.validation import _check_feature_names, check_is_fitted
from torch import Tensor, nn

from ganaug._parameters import resolve
from ganaug._validation import check_classes, check_same_length, check_y_given
from ganaug.architectures import DataSpec
from ganaug.base import BaseGAN
from ganaug.blocks import Layout
from ganaug.image_data import LabelCodec
from ganaug.matching import MarginalMatching
from ganaug.training_data import Rows

_LARGE_LAYER = 2**23
"""Multiplications of a hidden layer for one batch from which bfloat16 pays."""


class RowGAN(BaseGAN):
    """Template of the GANs on rows: a subclass turns user data into compact rows and back."""

    codec_: Any
    label_codec_: LabelCodec
    batch_size: int
    noise: float
    min_match_size: int | None
    _matching: MarginalMatching | None = None
    _sampling_batch: ClassVar[int] = 512

    @abstractmethod
    def make_codec(self, X: Any) -> Any:
        """Return a codec that has learned X, whose columns it sees as this GAN's parameters say."""

    @abstractmethod
    def _codec_from(self, values: dict[str, Any]) -> Any:
        """Return the codec that `to_dict` wrote."""

    def score_samples(self, X: Any, y: Any = None) -> np.ndarray:
        """Return the discriminator's logits: higher is more real than synthetic, to it.

        It tells training data of a class from what its generator makes. That is no density: far from both, as for
        other classes or numbers out of range, a logit means nothing.

        Parameters
        ----------
        X : samples like the training data
        y : array of shape (N,), optional
            Default: for each sample the class that it fits best.

        Returns
        -------
        ndarray of shape (N,), float32
        """
        check_is_fitted(self)
        _check_feature_names(self, X, reset=False)
        x = self._encode(X).double()
        # In double precision a sample's score does not depend on those beside it.
        discriminator = copy.deepcopy(self.networks_.discriminator).double().eval().cpu()
        if y is not None:
            check_same_length(x, y)
            candidates = [torch.from_numpy(self.label_codec_.encode(y))]
        else:
            candidates = [torch.full((len(x),), index) for index in range(len(self.label_codec_))]
        with torch.inference_mode():
            logits = [discriminator(x, classes).logits for classes in candidates]
        return torch.stack(logits).amax(0).float().numpy()

    def _read(self, X: Any, y: Any) -> tuple[Rows, Tensor]:
        check_y_given(self, y)
        codec = self.make_codec(X)
        compact = codec.encode(X)
        check_same_length(compact, y)
        label_codec = LabelCodec(y)
        check_classes(y)
        _check_feature_names(self, X, reset=True)
        vars(self).pop("networks_", None)  # Those of an earlier fit do not go with what follows.
        self.codec_, self.label_codec_ = codec, label_codec
        self._adopt_codec()
        return Rows(torch.from_numpy(compact), self._layout, self.noise), torch.from_numpy(self.label_codec_.encode(y))

    def _finish(self, data: Rows, classes: Tensor) -> None:
        """Match the columns of the classes that are large enough."""
        self._matching = None
        if self.min_match_size is None or not hasattr(self.networks_.generator, "row_logits"):
            return
        matching = MarginalMatching.fit(
            self._draw_logits, data.rows, classes, self._layout, self.codec_.cases, self.min_match_size
        )
        if len(matching.offsets):
            self._matching = matching.to(self._device()).eval()

    def _modules(self) -> Iterator[tuple[str, nn.Module]]:
        yield from super()._modules()
        if self._matching is not None:
            yield "matching", self._matching

    def _rebuild(self, n_snapshots: int, fine_tuned: Sequence[int], tensors: dict[str, Tensor]) -> None:
        own = {name.removeprefix("matching."): t for name, t in tensors.items() if name.startswith("matching.")}
        self._matching = MarginalMatching.from_tensors(self._layout, len(self.label_codec_), own) if own else None
        super()._rebuild(n_snapshots, fine_tuned, tensors)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state.pop("_matching", None)  # It is among the weights.
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({"min_match_size": None, **state})  # as pickled before there was the parameter

    def _choose_precision(self, device: str) -> str:
        """Return the precision: 'auto' is float32 for small layers, where casting costs more than bfloat16 saves."""
        width = getattr(resolve(self)["architecture"], "width", 0)
        is_large = isinstance(width, Real) and self.batch_size * width**2 >= _LARGE_LAYER
        return super()._choose_precision(device) if is_large or self.precision != "auto" else "32-true"

    def _spec(self) -> DataSpec:
        return DataSpec((self._layout.width,), len(self.label_codec_), self._layout)

    def _kept_shape(self) -> tuple[int, ...]:
        return (len(self._layout.blocks),)

    def _draw(self, generator: nn.Module, z: Tensor, y: Tensor) -> Tensor:
        if not hasattr(generator, "row_logits"):
            return self._layout.collapse(generator(z, y))
        logits = generator.row_logits(z, y)
        return self._layout.draw(logits if self._matching is None else self._matching(logits, y))

    def _draw_logits(self, class_index: int, n: int) -> Tensor:
        """Return what the generators make of a class before it is matched, float32 of shape (n, width) on the CPU."""
        classes = torch.full((n,), class_index)
        return self._run_generators(lambda own, z, y: own.row_logits(z, y), classes, 0, (self._layout.width,))

    def _encode(self, X: Any) -> Tensor:
        return self._layout.expand(torch.from_numpy(self.codec_.encode(X)))

    def _adopt_codec(self) -> None:
        self._layout = Layout(self.codec_.blocks)
        self.n_features_in_ = self.codec_.n_features

    def _codec_config(self) -> dict[str, Any]:
        names = getattr(self, "feature_names_in_", None)
        return {"columns": self.codec_.to_dict(), "feature_names": None if names is None else names.tolist()}

    def _restore_codec(self, config: dict[str, Any]) -> None:
        self.codec_ = self._codec_from(config["codec"]["columns"])
        self.label_codec_ = LabelCodec.from_list(config["labels"])
        self._adopt_codec()
        if config["codec"]["feature_names"] is not None:
            self.feature_names_in_ = np.asarray(config["codec"]["feature_names"], dtype=object)
