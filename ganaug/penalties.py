"""Regularisers of the discriminator, each a scalar that is added to its loss.

A recipe's `start` returns what the training state calls at every ``every``-th step, with the weight
multiplied by ``every`` (lazy regularisation: Karras et al., "StyleGAN2", CVPR 2020, arXiv:1912.04958, Appendix B).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import torch
from torch import Tensor
from torch.nn.functional import relu

from ganaug._validation import check_number


@dataclass
class Situation:
    """What a penalty may look at: one step of the discriminator.

    Attributes
    ----------
    critic : callable
        Maps samples such as x and their classes to logits, of shape (N,).
    x : Tensor of shape (2 N, C, H, W), or (2 N, width) for rows, float32
        What the discriminator saw, after its augmentation: reals, then fakes. Part of the graph of the logits.
    y : Tensor of shape (N,), int64
    real_logits, fake_logits : Tensor of shape (N,), float32
        Still attached to the graph of the step's own forward pass.
    real_mean, fake_mean : Tensor, scalar float32
        Detached means of the logits, over the batches of all processes.
    progress : float in [0, 1], or scalar Tensor of it
        Share of the training budget that is used.
    """

    critic: Callable[[Tensor, Tensor], Tensor]
    x: Tensor
    y: Tensor
    real_logits: Tensor
    fake_logits: Tensor
    real_mean: Tensor
    fake_mean: Tensor
    progress: float | Tensor


class Penalty(Protocol):
    """A recipe: `start` makes the callable that lives in one training run."""

    every: int
    uses_logits: ClassVar[bool]

    def start(self) -> Callable[[Situation], Tensor]:
        """Return a callable from a `Situation` to a scalar; make it a dataclass if it keeps numbers or tensors.

        Checkpoints then keep them too.
        """


def _squared_gradient_norms(sum_of_logits: Tensor, x: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(sum_of_logits, x, create_graph=True)
    return gradient.flatten(1).square().sum(1)  # (N,)


@dataclass(frozen=True)
class R1R2:
    """Zero-centred gradient penalties on real (R1) and fake (R2) samples.

    Parameters
    ----------
    gamma, final_gamma : float, default 0.3 and 0.03
        Weight at the start and at the end; it falls log-linearly. More weight gives a smoother, slower
        discriminator.
    every : int, default 8
        Steps between two evaluations.

    References
    ----------
    Mescheder et al., "Which training methods for GANs do actually converge?", ICML 2018, arXiv:1801.04406,
    Eqs. 9 and 10. Both together with a relativistic loss: Huang et al., NeurIPS 2024, arXiv:2501.05441, Eq. 5.
    """

    gamma: float = 0.3
    final_gamma: float = 0.03
    every: int = 8
    uses_logits: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name in ("gamma", "final_gamma"):  # They fall log-linearly, so that neither can be zero.
            check_number(f"R1R2's {name}", getattr(self, name), minimum=1e-12)
        check_number("R1R2's every", self.every, minimum=1, integer=True)

    def start(self) -> Callable[[Situation], Tensor]:
        """Return the stateless penalty."""
        return self._evaluate

    def _evaluate(self, at: Situation) -> Tensor:
        norms = _squared_gradient_norms(at.real_logits.sum() + at.fake_logits.sum(), at.x)
        gamma = self.gamma * (self.final_gamma / self.gamma) ** at.progress
        return gamma * norms.mean()  # = gamma / 2 * (R1 + R2): the mean runs over both halves


@dataclass(frozen=True)
class GradientPenalty:
    """Two-sided penalty that holds the critic's gradient norm near one between real and fake samples.

    Parameters
    ----------
    weight : float, default 10
        Raising it enforces the Lipschitz constraint more strictly.
    every : int, default 1

    References
    ----------
    Gulrajani et al., "Improved training of Wasserstein GANs", NeurIPS 2017, arXiv:1704.00028, Eq. 3.
    """

    weight: float = 10.0
    every: int = 1
    uses_logits: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_number("GradientPenalty's every", self.every, minimum=1, integer=True)

    def start(self) -> Callable[[Situation], Tensor]:
        """Return the stateless penalty."""
        return self._evaluate

    def _evaluate(self, at: Situation) -> Tensor:
        real, fake = at.x.detach().chunk(2)
        share = torch.rand(len(at.y), *(1 for _ in real.shape[1:]), device=real.device)
        between = torch.lerp(fake, real, share).requires_grad_()
        norms = (_squared_gradient_norms(at.critic(between, at.y).sum(), between) + 1e-12).sqrt()
        return self.weight * (norms - 1).square().mean()


@dataclass(frozen=True)
class LeCam:
    """Anchor logits to running means of the other side's, against over-fitting to few samples.

    Parameters
    ----------
    weight : float, default 0.01
        Raising it keeps real and fake logits closer together. The paper takes 0.3 to 0.01; from 0.1 on, unbounded
        losses such as hinge ran away on small data.
    decay : float, default 0.99
        Decay of the running means, per step.

    References
    ----------
    Tseng et al., "Regularizing generative adversarial networks under limited data", CVPR 2021,
    arXiv:2104.03310, Eq. 3.
    """

    weight: float = 0.01
    decay: float = 0.99
    every: ClassVar[int] = 1
    uses_logits: ClassVar[bool] = True

    def start(self) -> Callable[[Situation], Tensor]:
        """Return a penalty with fresh running means."""
        return _LeCamState(self)


@dataclass
class _LeCamState:
    recipe: LeCam
    real_mean: Tensor | None = field(default=None)
    fake_mean: Tensor | None = field(default=None)

    def __call__(self, at: Situation) -> Tensor:
        real, fake = at.real_logits, at.fake_logits
        decay = self.recipe.decay
        if self.real_mean is None or self.fake_mean is None:
            self.real_mean, self.fake_mean = at.real_mean, at.fake_mean
        self.real_mean = torch.lerp(at.real_mean, self.real_mean, decay)
        self.fake_mean = torch.lerp(at.fake_mean, self.fake_mean, decay)
        # One-sided as in the authors' experiments: only real above and fake below the other side's mean.
        loss = relu(real - self.fake_mean).square().mean() + relu(self.real_mean - fake).square().mean()
        return self.recipe.weight * loss


PENALTIES = {"r1r2": R1R2(), "gradient_penalty": GradientPenalty(), "lecam": LeCam(), "none": None}
# Rows are short of neighbours as images are not: the discriminator must be smoother, and a step is cheap.
# The gradient penalty is missing: with one discriminator step for each of the generator's, rows run from edge to edge.
ROW_PENALTIES = {"r1r2": R1R2(gamma=1.0, final_gamma=1.0, every=4), "lecam": LeCam(), "none": None}
