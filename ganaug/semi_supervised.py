"""`GANClassifier`: learn from few labelled and many unlabelled vectors with a discriminator that names classes.

`ganaug.training` does not serve here. Its step asks one logit of each sample, real and fake by the class that the
pair shares, and derives the generator's gradient from the discriminator's. Here most real samples have no class, and
the generator matches the mean of a layer within the discriminator: a loss of whole batches and of no logit. So this
file has a step of its own, in the same manner: simultaneous updates from one look at one batch.
"""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor
from torch.distributions import Categorical
from torch.nn.functional import cross_entropy, softplus

from ganaug._typing import Label, RandomState
from ganaug._validation import (
    as_seed,
    check_choice,
    check_classes,
    check_labels,
    check_number,
    check_pair,
    is_missing,
)
from ganaug.adam import Adam, flatten_parameters, give_own_memory
from ganaug.architectures import VECTOR_ARCHITECTURES, Architecture, Networks
from ganaug.batches import Batches
from ganaug.class_outputs import ClassCritique, build_networks
from ganaug.devices import freed_memory_kept, thread_limit
from ganaug.exceptions import TrainingDivergedError
from ganaug.gradients import scalar_with_gradient
from ganaug.random_numbers import RandomNumbers, seeded
from ganaug.training import ema_decay
from ganaug.vector_data import VectorCodec, check_cells

_NUMBERS: Mapping[str, dict[str, Any]] = {
    "unlabelled_weight": {"minimum": 0},
    "entropy_weight": {"minimum": 0},
    "noise": {"minimum": 0},
    "max_steps": {"minimum": 1, "integer": True},
    "batch_size": {"minimum": 1, "integer": True},
    "learning_rate": {"minimum": 1e-9, "maximum": 1},
    "final_learning_rate": {"minimum": 1e-9, "maximum": 1},
    "weight_decay": {"minimum": 0},
    "ema_half_life": {"minimum": 0},
    "class_balance": {"minimum": 0, "maximum": 1},
    "n_threads": {"minimum": 1, "integer": True, "optional": True},
}


class GANClassifier(ClassifierMixin, BaseEstimator):
    """Classify feature vectors, such as embeddings, when few of them have labels and many do not.

    A generator makes false vectors, and the classifier learns beside the classes to tell real from false: that it can
    learn from vectors without labels, too.

    Parameters
    ----------
    architecture : {'mlp'} or Architecture, default 'mlp'
        The networks; 'mlp' is here ``MLP(width=256, latent_dim=64, n_blocks=0)``, one hidden
        layer. The discriminator gets a linear classifier beside it.
    unlabelled : label or None, default -1
        What stands in `y` for "no label": -1, as in `sklearn.semi_supervised`, or in an array of strings another
        string such as ''. None if every value of `y` is a class.
    unlabelled_weight : float, default 0.3
        Weight of telling real from false, beside that of naming the class.
    entropy_weight : float, default 0.6
        Weight of the entropy of what is predicted for unlabelled vectors, reached linearly. Raising it draws borders
        between classes away from them sooner, right or wrong. With both weights 0 an ordinary network learns from
        the labelled vectors alone.
    noise : float, default 0.5
        Standard deviation of the noise on standardised real vectors. Raising it smooths the few labelled ones.
    max_steps : int, default 300
        Updates of both networks.
    batch_size : int, default 64
        Labelled, unlabelled and false vectors per step, as many of each.
    learning_rate, final_learning_rate : float, default 3e-3 and 3e-4
        Adam's rate at the start and at the end; it falls log-linearly.
    betas : tuple of two floats, default (0.0, 0.9)
        Adam's decay rates.
    weight_decay : float, default 0.01
        Decoupled, of the discriminator.
    ema_half_life : float, default 3000
        Labelled vectors seen until the averaged discriminator, which predicts, has forgotten half; 0 switches averaging
        off.
    class_balance : float from 0 to 1, default 1
        A class of n labelled vectors is drawn in proportion to ``n ** (1 - class_balance)``: 0 keeps the data's
        proportions, 1 shows all classes equally often, as balanced class weights do.
    n_threads : int or None, default 1
    random_state : None, int, numpy Generator or RandomState, default None
        An int makes `fit` repeat exactly on the same machine.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        Without the mark of unlabelled vectors.
    codec_ : VectorCodec
    networks_ : Networks
        Generator, and averaged discriminator.
    history_ : list of dict
        step, class_loss, source_loss (real or false), entropy and matching_loss of each hundredth of the training.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only for frames whose column names are all strings.

    References
    ----------
    Salimans et al., "Improved techniques for training GANs", NeurIPS 2016, arXiv:1606.03498, Section 5 (class outputs,
    with the logit of "false" fixed at zero) and Section 3.1 (feature matching).
    Croce et al., "GAN-BERT: generative adversarial learning for robust text classification with a bunch of labeled
    examples", ACL 2020, Section 3 (the same on sentence embeddings).
    Grandvalet and Bengio, "Semi-supervised learning by entropy minimization", NeurIPS 2004; beside a GAN with class
    outputs in Dai et al., "Good semi-supervised learning that requires a bad GAN", NeurIPS 2017, arXiv:1705.09783.

    Notes
    -----
    Deviations: the generator matches features alone, without GAN-BERT's adversarial term, as Salimans et al. do where
    they classify; perceptrons without dropout or batch normalisation, with a
    linear classifier beside them; noise on the input alone; predictions
    by averaged weights instead of a penalty that draws weights to their average.

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug.semi_supervised import GANClassifier
    >>> X = np.random.default_rng(0).normal(size=(60, 8)) + np.repeat([[0], [3]], 30, axis=0)
    >>> y = np.full(60, -1)
    >>> y[[0, 1, 58, 59]] = 0, 0, 1, 1
    >>> GANClassifier(max_steps=20, random_state=0).fit(X, y).predict(X[[2, 57]])
    array([0, 1])
    """

    def __init__(
        self,
        architecture: str | Architecture = "mlp",
        *,
        unlabelled: Label | None = -1,
        unlabelled_weight: float = 0.3,
        entropy_weight: float = 0.6,
        noise: float = 0.5,
        max_steps: int = 300,
        batch_size: int = 64,
        learning_rate: float = 3e-3,
        final_learning_rate: float = 3e-4,
        betas: tuple[float, float] = (0.0, 0.9),
        weight_decay: float = 0.01,
        ema_half_life: float = 3000,
        class_balance: float = 1.0,
        n_threads: int | None = 1,
        random_state: RandomState = None,
    ) -> None:
        self.architecture = architecture
        self.unlabelled = unlabelled
        self.unlabelled_weight = unlabelled_weight
        self.entropy_weight = entropy_weight
        self.noise = noise
        self.max_steps = max_steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.betas = betas
        self.weight_decay = weight_decay
        self.ema_half_life = ema_half_life
        self.class_balance = class_balance
        self.n_threads = n_threads
        self.random_state = random_state

    def fit(self, X: Any, y: Any, X_unlabelled: Any = None) -> "GANClassifier":
        """Train on labelled and unlabelled vectors.

        Parameters
        ----------
        X : array, or DataFrame of numbers, of shape (N, D)
        y : array of shape (N,)
            Labels, and the mark `unlabelled` where there is none.
        X_unlabelled : array or DataFrame of shape (M, D), optional
            More vectors without labels.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data is not usable; always before any training.
        TrainingDivergedError
            If losses are not finite.
        """
        for name, bounds in _NUMBERS.items():
            check_number(name, getattr(self, name), **bounds)
        check_pair("betas", self.betas, minimum=0, maximum=0.9999999)
        architecture = check_choice("architecture", self.architecture, VECTOR_ARCHITECTURES, ("build", "latent_dim"))
        if not np.isscalar(self.unlabelled) and self.unlabelled is not None:
            raise TypeError(f"unlabelled must be one label, such as -1 or '', or None, got {self.unlabelled!r}.")
        seed = as_seed(self.random_state)
        X, codes = self._read_labelled(X, y)
        if X_unlabelled is not None:
            X = np.concatenate([X, self._read(X_unlabelled, reset=False)])
        self.codec_ = VectorCodec.fit(X, unit_norm=False)
        x = torch.from_numpy(self.codec_.encode(X))
        with thread_limit(self.n_threads), freed_memory_kept():
            with seeded(seed):
                networks = build_networks(architecture, x.shape[1], len(self.classes_))
                run = _Run(self, architecture.latent_dim, networks, x, torch.from_numpy(codes))
            self.history_ = run.train()
        self.networks_ = Networks(networks.generator.eval(), run.average)
        for module in (networks.generator, run.average):
            give_own_memory(module)
        return self

    def _read(self, X: Any, *y: Any, reset: bool = True) -> Any:
        check_cells(X, "GANClassifier", "or encode it before")
        return validate_data(self, X, *y, dtype=_FLOATS, reset=reset)

    def _read_labelled(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Set `classes_`; return the rows, labelled ones first, and the labelled ones' classes."""
        mark = repr(self.unlabelled)
        if is_missing(self.unlabelled):
            mark = "a value of your choice and set unlabelled to it, such as -1"
        check_labels(y, f"mark rows without label by {mark}, or pass them as X_unlabelled")
        if isinstance(y, (list, tuple)) and len({isinstance(label, str) for label in y}) == 2:
            y = np.array(y, dtype=object)  # Else numpy would make a text of the mark.
        X, y = self._read(X, y)
        is_unlabelled = _is_label(y, self.unlabelled)
        spelled = str(self.unlabelled)
        if y.dtype.kind == "U" and not isinstance(self.unlabelled, (str, type(None))) and (y == spelled).any():
            raise ValueError(
                f"y is an array of texts with {spelled!r}, and rows without label are marked by {self.unlabelled!r}: "
                f"NumPy makes texts of all labels if one is. Pass unlabelled={spelled!r}, or None if it is a class."
            )
        if not is_unlabelled.all():
            check_classes(y[~is_unlabelled])
        self.classes_, codes = np.unique(y[~is_unlabelled], return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y has {len(self.classes_)} class(es) in {len(codes)} labelled rows, but at least two classes are "
                f"needed; {is_unlabelled.sum()} rows count as unlabelled by unlabelled={self.unlabelled!r} (None if "
                f"every value is a class)."
            )
        return np.concatenate([X[~is_unlabelled], X[is_unlabelled]]), codes

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the classes' probabilities, float64 of shape (N, K), given that the vectors are real.

        They hold for the classes as `class_balance` draws them.
        """
        check_is_fitted(self)
        x = torch.from_numpy(self.codec_.encode(self._read(X, reset=False)))
        # In double precision a vector's probabilities do not depend on those beside it.
        discriminator = copy.deepcopy(self.networks_.discriminator).double()
        with thread_limit(self.n_threads), torch.inference_mode():
            critique = discriminator(x.double(), torch.zeros(len(x), dtype=torch.int64))
            return critique.class_logits.double().softmax(1).numpy()

    def predict(self, X: Any) -> np.ndarray:
        """Return the likeliest class of each vector."""
        classes = self.predict_proba(X).argmax(1)
        return self.classes_[classes]


_FLOATS = [np.float64, np.float32]


def _is_label(y: np.ndarray, label: Label | None) -> np.ndarray:
    """Return which entries equal a label, bool of shape (N,); a string equals no number."""
    if label is None or (y.dtype.kind != "O" and (y.dtype.kind in "US") != isinstance(label, str)):
        return np.zeros(len(y), bool)
    return np.asarray(y == label, dtype=bool)


class _Run:
    """One training: networks, optimisers, and the rows that they learn from."""

    def __init__(self, recipe: GANClassifier, latent_dim: int, networks: Networks, x: Tensor, y: Tensor) -> None:
        self.recipe, self.latent_dim, self.x = recipe, latent_dim, x
        self.generator, self.discriminator, _ = networks
        self.average = copy.deepcopy(self.discriminator).eval().requires_grad_(False)
        self.average_weights = flatten_parameters(self.average)
        self.labelled = Batches(y, recipe.class_balance)
        betas = tuple(recipe.betas)
        self.random_numbers = RandomNumbers(x.device)
        self.optimizers = (
            Adam(self.discriminator, betas=betas, weight_decay=recipe.weight_decay),
            Adam(self.generator, betas=betas),
        )

    def train(self) -> list[dict[str, float]]:
        """Take all steps; return the history."""
        history, recipe = [], self.recipe
        decrease = recipe.final_learning_rate / recipe.learning_rate
        every = max(1, recipe.max_steps // 100)
        for step in range(1, recipe.max_steps + 1):
            with self.random_numbers.lent():
                losses = self._step(step, recipe.learning_rate * decrease ** (step / recipe.max_steps))
            if step % every == 0 or step == recipe.max_steps:
                history.append({"step": step, **{name: loss.item() for name, loss in losses.items()}})
                if not np.isfinite(list(history[-1].values())).all():
                    raise TrainingDivergedError(
                        f"A loss is not finite at step {step}: {history[-1]}. Lower learning_rate, now "
                        f"{recipe.learning_rate}."
                    )
        return history

    def _step(self, step: int, learning_rate: float) -> dict[str, Tensor]:
        n = self.recipe.batch_size
        index, y = self.labelled.draw(n)
        rows = torch.cat([index, torch.randint(len(self.x), (n,))])  # labelled rows are real, too
        x_real = self.x[rows] + self.recipe.noise * torch.randn(2 * n, self.x.shape[1])
        nobody = torch.zeros(n, dtype=torch.int64)
        x_fake = self.generator(torch.randn(n, self.latent_dim), nobody)
        leaf = x_fake.detach().requires_grad_()
        losses = _judge(self.discriminator(torch.cat([x_real, leaf]), nobody.repeat(3)), y)

        for optimizer in self.optimizers:
            optimizer.zero_grad()
        (gradient,) = torch.autograd.grad(losses["matching_loss"], leaf, retain_graph=True)
        entropy_weight = self.recipe.entropy_weight * step / self.recipe.max_steps
        d_loss = losses["class_loss"] + self.recipe.unlabelled_weight * losses["source_loss"]
        d_loss = d_loss + entropy_weight * losses["entropy"]
        d_loss.backward(inputs=list(self.discriminator.parameters()))
        scalar_with_gradient(x_fake, gradient).backward()
        for optimizer in self.optimizers:
            optimizer.step(learning_rate)
        self._update_average(step)
        return losses

    def _update_average(self, step: int) -> None:
        decay = ema_decay(self.recipe.ema_half_life, self.recipe.batch_size, step)
        self.average_weights.lerp_(self.optimizers[0].weights, 1 - decay)


def _judge(critique: ClassCritique, y: Tensor) -> dict[str, Tensor]:
    """Return the losses of a batch of labelled, unlabelled and false vectors, a third each."""
    n = len(y)
    named, unlabelled, _ = critique.class_logits.split(n)
    _, real, fake = critique.logits.split(n)
    _, real_features, fake_features = critique.features.split(n)
    return {
        "class_loss": cross_entropy(named, y),
        "source_loss": softplus(-real).mean() + softplus(fake).mean(),  # Section 5, L_unsupervised
        "entropy": Categorical(logits=unlabelled, validate_args=False).entropy().mean(),
        "matching_loss": (real_features.detach().mean(0) - fake_features.mean(0)).square().sum(),  # Section 3.1
    }
