"""`BaseGAN`: how every GAN estimator is trained."""

import hashlib
import json
import warnings
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import closing
from os import PathLike
from typing import Any

import torch
from torch import Tensor, nn

from ganaug import checkpoint, training
from ganaug._parameters import check_parameters, make_recipe, resolve
from ganaug._validation import as_seed, list_first
from ganaug.adam import give_own_memory
from ganaug.architectures import Networks
from ganaug.batches import Batches
from ganaug.callbacks import ProgressBar
from ganaug.conditioning import Unconditional
from ganaug.devices import choose_device, freed_memory_kept, thread_limit
from ganaug.exceptions import GanaugWarning, SmallClassWarning
from ganaug.fitted import FittedGAN
from ganaug.processes import join_processes
from ganaug.random_numbers import seeded
from ganaug.training_data import TrainingData
from ganaug.training_state import Callback, TrainingState, start, trainable_copy


class BaseGAN(FittedGAN):
    """Template of the GAN estimators: a subclass turns user data into tensors and back."""

    @abstractmethod
    def _read(self, X: Any, y: Any) -> tuple[TrainingData, Tensor]:
        """Learn the codecs; return the data and the classes as int64 (N,)."""

    def _finish(self, data: TrainingData, classes: Tensor) -> None:
        """Learn what sampling takes beside the networks; called once they are trained."""

    def _n_steps(self, n_samples: int) -> int | None:
        """Return the budget of steps for so many samples."""
        return self.max_steps

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        callbacks: Sequence[Callback] = (),
        resume_from: str | PathLike | None = None,
    ) -> "BaseGAN":
        """Train on a labelled data set.

        Parameters
        ----------
        X, y
            The data set, in any form that the class describes.
        callbacks : sequence of callables
            Each is called with the `ganaug.training_state.TrainingState` after every step; if it has a method
            ``check_before_fit(resume_from)``, that is called before anything else, to find out what would fail later.
        resume_from : path-like, optional
            A folder that `ganaug.checkpoint.Checkpoint` wrote: go on from there, with the same data and parameters, but
            for budgets. Chance goes on where it was, whatever `random_state`.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data is not usable; always before any training.
        FileExistsError, OSError
            If a callback could not write; before any training.
        TrainingDivergedError
            If losses stay non-finite.

        Notes
        -----
        Threads may fit and draw samples at the same time: they take turns, and each gets what it would get alone.
        """
        check_parameters(self)
        callbacks = list(callbacks)
        for callback in callbacks:
            getattr(callback, "check_before_fit", lambda _: None)(resume_from)
        seed = as_seed(self.random_state)
        device = choose_device(self.device)
        self.precision_ = self._choose_precision(device)
        with seeded(seed):  # A data set may transform its images at random.
            data, classes = self._read(X, y)
        self._count(classes)
        architecture, recipe = make_recipe(self, max_steps=self._n_steps(len(classes)))
        fabric = join_processes(device, self.precision_)
        self._check_batch_size(fabric.world_size)
        with thread_limit(self.n_threads), freed_memory_kept(), torch.enable_grad():
            with seeded(fabric.broadcast(seed)):
                networks = architecture.build(self._spec(), recipe.conditioning)
                batches = Batches(classes, self.class_balance)
                state = start(recipe, fabric, networks, data, batches)
            state.digest_data = self._digest_data
            if resume_from is not None:
                checkpoint.resume(state, resume_from)
            with closing(ProgressBar(self.verbose)) as bar:
                training.train(state, [*callbacks, bar])
            self._keep(state)
            if self.fine_tune_steps and not state.was_interrupted:
                self._fine_tune(state, data, classes)
            with state.random_numbers.lent():
                self._finish_or_stop(data, classes)
        return self

    def _finish_or_stop(self, data: TrainingData, classes: Tensor) -> None:
        try:
            self._finish(data, classes)
        except KeyboardInterrupt:
            self.was_interrupted_ = True
            message = "Interrupted after the training of the networks; the model is usable as it is."
            warnings.warn(message, GanaugWarning, stacklevel=3)

    def _check_batch_size(self, n_processes: int) -> None:
        if self.batch_size % n_processes:
            raise ValueError(
                f"batch_size is {self.batch_size}, which {n_processes} processes cannot share equally; make it a "
                f"multiple of {2 * n_processes}."
            )

    def _count(self, classes: Tensor) -> None:
        self._counts = torch.bincount(classes, minlength=len(self.label_codec_)).numpy()
        if isinstance(resolve(self)["conditioning"], Unconditional) and len(self._counts) > 1:
            warnings.warn(
                f"With conditioning='unconditional' the networks do not tell {len(self._counts)} classes apart, and "
                f"samples of a label may be of any; choose another conditioning, or pass one label for all samples.",
                GanaugWarning,
                stacklevel=3,
            )
        small = {label: n for label, n in self.class_counts_.items() if n < self.min_class_size}
        if small:
            shown = list_first([f"{label!r} ({n})" for label, n in small.items()], 10)
            warnings.warn(
                f"{len(small)} of {len(self._counts)} classes have fewer than min_class_size="
                f"{self.min_class_size} samples: {shown}. Their generators may copy training samples or miss most "
                f"of the class; look at `ganaug audit` before you use them.",
                SmallClassWarning,
                stacklevel=3,
            )

    def _keep(self, state: TrainingState) -> None:
        self.networks_ = state.networks._replace(generator=state.ema)
        self._snapshots = state.snapshots
        for module in (*self.networks_, *self._snapshots):
            if module is not None:
                give_own_memory(module.eval().requires_grad_(False))
        self.history_, self.was_interrupted_ = state.history, state.was_interrupted
        self._fine_tuned: dict[int, nn.Module] = {}

    def _fine_tune(self, trunk: TrainingState, data: TrainingData, classes: Tensor) -> None:
        """Train each class's own copy of the shared networks on that class alone."""
        _, recipe = make_recipe(
            self,
            max_steps=self.fine_tune_steps,
            max_seconds=None,
            learning_rate=self.final_learning_rate,
            n_snapshots=1,
        )
        for index in classes.unique().tolist():
            networks = Networks(*(m and trainable_copy(m) for m in self.networks_))
            batches = Batches(classes, self.class_balance, only=index)
            state = start(recipe, trunk.fabric, networks, data, batches, trunk.random_numbers)
            with closing(ProgressBar(self.verbose, f"class {self.label_codec_.classes[index]}")) as bar:
                training.train(state, [bar])
            give_own_memory(state.ema)
            self._fine_tuned[index] = state.ema
            if state.was_interrupted:
                self.was_interrupted_ = True
                break

    def _digest_data(self) -> str:
        """Return a checksum of what was learned of the data itself; empty if that cannot be saved."""
        try:
            known = [self._codec_config(), self.label_codec_.to_list(), self._counts.tolist()]
            return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
        except TypeError:
            return ""
