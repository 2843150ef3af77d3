"""`FittedGAN`: what every GAN estimator can do once it is trained, from `sample` to `save`."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from numbers import Integral
from os import PathLike
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from ganaug import __version__, persistence
from ganaug._parameters import Choices, make_recipe, resolve
from ganaug._typing import Label, RandomState
from ganaug._validation import as_seed, check_number, check_same_length
from ganaug.architectures import DataSpec
from ganaug.class_generator import ClassGenerator
from ganaug.devices import choose_device, choose_precision, has_device, thread_limit
from ganaug.random_numbers import seeded


class FittedGAN(BaseEstimator):
    """Template of what a trained GAN does: a subclass says how it got there, and turns tensors into user data."""

    _choices: ClassVar[Choices]
    _automatic: ClassVar[frozenset[str]] = frozenset()  # parameters that take 'auto'
    _sampling_batch: ClassVar[int] = 256

    @abstractmethod
    def _spec(self) -> DataSpec:
        """Return what the fitted codecs say about the networks' data."""

    @abstractmethod
    def _decode(self, x: Tensor, seed: int) -> Any:
        """Turn what `_generate` made into what the user gave."""

    @abstractmethod
    def _encode(self, X: Any) -> Tensor:
        """Turn data like the training data into float32 tensors as the networks see them."""

    @abstractmethod
    def _codec_config(self) -> dict[str, Any]:
        """Return the fitted codecs as JSON-able values."""

    @abstractmethod
    def _restore_codec(self, config: dict[str, Any]) -> None:
        """Set the fitted codecs from `_codec_config`'s values."""

    def _given(self, name: str) -> Any:
        """Return the name or the object that a parameter stands for, once data are known."""
        return getattr(self, name)

    def _plain_params(self) -> dict[str, Any]:
        """Return the parameters as they are written to a file."""
        return self.get_params(deep=False)

    def sample(self, n: int | None = None, y: Any = None, *, random_state: RandomState = None) -> tuple[Any, Any]:
        """Draw synthetic samples.

        Parameters
        ----------
        n : int, optional
            How many. May be left out if `y` is an array; otherwise defaults to 1.
        y : label or array of n labels, optional
            Wanted classes. Default: drawn with the training data's proportions.
        random_state : None, int, Generator or RandomState
            Default: the estimator's own. If that is None too, each call draws afresh.

        Returns
        -------
        X
            n samples, typed and shaped like the training data.
        y : ndarray of shape (n,)
            Their labels, as they were given to `fit`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError
            If `y` is a dict or a set.
        ValueError
            If a label was not seen in training, or n and the length of `y` differ.
        """
        check_is_fitted(self)
        seed = as_seed(self.random_state if random_state is None else random_state)
        classes = self._wanted_classes(n, y, seed)
        return self._decode(self._generate(classes, seed), seed), self.label_codec_.decode(classes)

    def score_samples(self, X: Any, y: Any) -> np.ndarray:
        """Return the discriminator's logits: higher is more real than synthetic, to it.

        It tells training data of a class from what its generator makes. That is no density: far from both, as for
        other classes or numbers out of range, a logit means nothing.

        Parameters
        ----------
        X : samples like the training data
        y : array of shape (N,)

        Returns
        -------
        ndarray of shape (N,), float32
        """
        check_is_fitted(self)
        x = self._encode(X)
        check_same_length(x, y)
        classes = torch.from_numpy(self.label_codec_.encode(y))
        discriminator = self.networks_.discriminator.eval()
        with self._inference():
            parts = zip(x.split(self._sampling_batch), classes.split(self._sampling_batch), strict=True)
            logits = [discriminator(a.to(self._device()), b.to(self._device())).logits.float().cpu() for a, b in parts]
        return torch.cat(logits).numpy()

    @property
    def generators_(self) -> dict[Label, "ClassGenerator"]:
        """Return each class's generator: ``generators_[label](n)`` draws n samples of that class."""
        check_is_fitted(self)
        return {label: ClassGenerator(self, label) for label in self.label_codec_.classes}

    @property
    def classes_(self) -> np.ndarray:
        """Return the labels, as they were given to `fit`."""
        check_is_fitted(self)
        return self.label_codec_.decode(np.arange(len(self.label_codec_)))

    def save(self, path: str | PathLike, *, overwrite: bool = False) -> None:
        """Write the fitted model into a folder of JSON and safetensors, whole or not at all.

        Under ``torchrun`` the first process writes for all of them.

        Parameters
        ----------
        path : path-like
            Must not exist, unless `overwrite` is true and it is a saved model.

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError
            If a parameter or a label cannot be written as data.
        FileExistsError, OSError
            If the path is taken or the disk is full.
        """
        check_is_fitted(self)
        if torch.distributed.is_available() and torch.distributed.is_initialized() and torch.distributed.get_rank():
            return
        parameters = {**self._plain_params(), **resolve(self)}  # recipes: what a name stands for may change
        if not isinstance(self.random_state, (Integral, type(None))):
            parameters["random_state"] = None  # a generator's state has no meaning to another process
        config = {
            "estimator": type(self).__name__,
            "ganaug": __version__,
            "parameters": {name: _to_json(name, value) for name, value in parameters.items()},
            "codec": self._codec_config(),
            "labels": self.label_codec_.to_list(),
            "counts": self._counts.tolist(),
            "precision": self.precision_,
            "earlier_generators": len(self._snapshots),
            "fine_tuned": sorted(self._fine_tuned),
            "history": self.history_,
        }
        persistence.write_folder(path, "model", config, self._weights(), overwrite=overwrite)

    def _restore(self, config: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self._restore_codec(config)
        self._counts = np.asarray(config["counts"])
        if self._counts.shape != (len(self.label_codec_),) or self._counts.dtype.kind != "i" or self._counts.min() < 1:
            raise ValueError(f"counts must be numbers of rows, one for each class, got {config['counts']!r}")
        self.precision_, self.history_, self.was_interrupted_ = config["precision"], config["history"], False
        self._rebuild(config.get("earlier_generators", 0), config["fine_tuned"], tensors)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle weights instead of modules: spectrally normalised ones do not pickle."""
        state = dict(super().__getstate__())
        if "networks_" in state:
            state["networks_"], state["_fine_tuned"] = self._weights(), sorted(self._fine_tuned)
            state["_snapshots"] = len(self._snapshots)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "networks_" in state:
            self._rebuild(state["_snapshots"], state["_fine_tuned"], state["networks_"])

    def _rebuild(self, n_snapshots: int, fine_tuned: Sequence[int], tensors: dict[str, Tensor]) -> None:
        """Make the networks from their weights, as it suits this machine, which may not be the one that trained."""
        if not has_device(self.device):
            self.device = "auto"
        device = choose_device(self.device)
        if self.precision_ != "32-true":
            self.precision_ = self._choose_precision(device)
        architecture, recipe = make_recipe(self)
        if n_snapshots != persistence.count_modules(tensors, "snapshot_"):
            raise ValueError(f"{n_snapshots} earlier generators are named, and there are weights of others")
        with seeded(0):
            build = partial(architecture.build, self._spec(), recipe.conditioning)
            self.networks_ = build()
            self._snapshots = [build().generator for _ in range(n_snapshots)]
            self._fine_tuned = {index: build().generator for index in fine_tuned}
        for name, module in self._modules():
            persistence.load_weights(module, tensors, name)
            module.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)

    def _choose_precision(self, device: str) -> str:
        return choose_precision(self.precision, device)

    def _weights(self) -> dict[str, Tensor]:
        tensors: dict[str, Tensor] = {}
        for name, module in self._modules():
            tensors |= persistence.weights_of(module, name)
        return {name: tensor.cpu() for name, tensor in tensors.items()}

    def _modules(self) -> Iterator[tuple[str, nn.Module]]:
        for name, module in self.networks_._asdict().items():
            if module is not None:
                yield name, module
        for index, module in enumerate(self._snapshots):
            yield f"snapshot_{index}", module
        for index, module in self._fine_tuned.items():
            yield f"generator_of_class_{index}", module

    @property
    def class_counts_(self) -> dict[Label, int]:
        """Return the number of training samples of each label."""
        check_is_fitted(self, "_counts")
        return dict(zip(self.label_codec_.classes, self._counts.tolist(), strict=True))

    def _wanted_classes(self, n: int | None, y: Any, seed: int) -> np.ndarray:
        check_number("n", n, minimum=0, integer=True, optional=True)
        if y is None:
            shares = self._counts / self._counts.sum()
            return np.random.default_rng(seed).choice(len(shares), size=1 if n is None else n, p=shares)
        if _is_one_label(y, self.label_codec_.classes):
            return np.repeat(self.label_codec_.encode([y]), 1 if n is None else n)
        classes = self.label_codec_.encode(y)
        if n is not None and n != len(classes):
            raise ValueError(f"n is {n} but y has {len(classes)} labels; leave n out, or pass one label for all n.")
        return classes

    def _generate(self, classes: np.ndarray, seed: int) -> Tensor:
        """Return generated tensors (N, ...), float32 on the CPU, in the order of `classes`."""
        with seeded(seed):
            return self._run_generators(
                self._draw, torch.from_numpy(np.ascontiguousarray(classes)), seed, self._kept_shape()
            )

    def _run_generators(
        self, run: Callable[[nn.Module, Tensor, Tensor], Tensor], classes: Tensor, seed: int, shape: tuple[int, ...]
    ) -> Tensor:
        """Return what ``run(generator, z, y)`` makes of all classes, batch by batch: float32 (N, *shape) on the CPU."""
        z, out = self._latents(len(classes), seed), torch.empty(len(classes), *shape)
        with self._inference():
            for generator, own in self._by_generator(classes, seed):
                for rows in own.split(self._sampling_batch):
                    x = run(generator, z[rows].to(self._device()), classes[rows].to(self._device()))
                    out[rows] = x.float().cpu()
        return out

    def _latents(self, n: int, seed: int) -> Tensor:
        latent_dim = resolve(self)["architecture"].latent_dim
        return torch.randn(n, latent_dim, generator=torch.Generator().manual_seed(seed))

    def _kept_shape(self) -> tuple[int, ...]:
        """Return the shape of one sample as `_draw` returns it."""
        return self._spec().shape

    def _draw(self, generator: nn.Module, z: Tensor, y: Tensor) -> Tensor:
        """Return a batch of samples as they are kept until decoded."""
        return generator(z, y)

    def _by_generator(self, classes: Tensor, seed: int) -> Iterator[tuple[nn.Module, Tensor]]:
        """Yield generators with the rows that they make; who of several makes a row is drawn."""
        shared = torch.ones(len(classes), dtype=torch.bool)
        for index, generator in self._fine_tuned.items():
            own = classes == index
            shared &= ~own
            yield generator, own.nonzero().flatten()
        everyone = [self.networks_.generator, *self._snapshots]
        drawn = torch.from_numpy(np.random.default_rng(seed).integers(len(everyone), size=len(classes)))
        for index, generator in enumerate(everyone):
            yield generator, (shared & (drawn == index)).nonzero().flatten()

    def _device(self) -> torch.device:
        return next(self.networks_.generator.parameters()).device

    @contextmanager
    def _inference(self) -> Iterator[None]:
        device = self._device()
        bfloat16 = self.precision_.startswith("bf16")
        autocast = torch.autocast(device.type, torch.bfloat16, enabled=bfloat16)
        with thread_limit(self.n_threads), torch.inference_mode(), autocast:
            yield

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "networks_")


def _to_json(name: str, value: Any) -> Any:
    try:
        return persistence.to_json(value)
    except TypeError as error:
        raise TypeError(f"The parameter {name} cannot be saved: {error}") from error


def _is_one_label(y: Any, classes: Sequence[Label]) -> bool:
    """Tell a label from an array of labels; a tuple is a label only if it is one of the classes."""
    try:
        if getattr(y, "ndim", 0):
            return False
        return np.isscalar(y) or y in classes
    except (TypeError, ValueError):
        return False  # an array, whose comparison has no single truth
