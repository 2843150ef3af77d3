"""Adversarial losses on logits; each sees real and fake logits, paired by position and by class.

The generator's loss takes the real logits too, because relativistic losses need them.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from torch import Tensor
from torch.nn.functional import relu, softplus


class Loss(Protocol):
    """What `ImageGAN` asks of a loss: two scalars from two vectors of logits.

    Write your own as a frozen dataclass with these two methods. ``shares_backward`` says that the gradient
    of `d_loss` with respect to every fake logit never vanishes. The training step then scales one backward
    pass through the discriminator to serve both players; otherwise it makes two.
    """

    shares_backward: ClassVar[bool]

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the discriminator's loss from logits of shape (N,), as a scalar."""

    def g_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the generator's loss from logits of shape (N,), as a scalar."""


@dataclass(frozen=True)
class Relativistic:
    """Relativistic pairing loss: is this real sample more realistic than that fake one?

    Every fake sample is judged against a real one of the same class, which removes the local optima in which
    a generator drops modes.

    References
    ----------
    Jolicoeur-Martineau, "The relativistic discriminator", ICLR 2019, arXiv:1807.00734, Eq. 3 (RSGAN).
    Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024, arXiv:2501.05441, Eq. 2.
    """

    shares_backward: ClassVar[bool] = True

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the mean of ``softplus(fake - real)`` over pairs."""
        return softplus(fake - real).mean()

    def g_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the mean of ``softplus(real - fake)`` over pairs."""
        return softplus(real - fake).mean()


@dataclass(frozen=True)
class NonSaturating:
    """The original GAN loss with the generator's non-saturating form.

    References
    ----------
    Goodfellow et al., "Generative adversarial nets", NeurIPS 2014, arXiv:1406.2661, Eq. 1 and Section 3.
    """

    shares_backward: ClassVar[bool] = True

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the binary cross-entropy of real against fake, summed over the two halves."""
        return softplus(-real).mean() + softplus(fake).mean()

    def g_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the mean of ``-log(sigmoid(fake))``."""
        return softplus(-fake).mean()


@dataclass(frozen=True)
class Hinge:
    """Hinge loss: stops pushing samples that are beyond the margin already.

    References
    ----------
    Lim and Ye, "Geometric GAN", 2017, arXiv:1705.02894, Eqs. 11 and 12.
    """

    shares_backward: ClassVar[bool] = False

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the mean hinge of both halves about the margins +1 and -1."""
        return relu(1 - real).mean() + relu(1 + fake).mean()

    def g_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the negative mean fake logit."""
        return -fake.mean()


@dataclass(frozen=True)
class Wasserstein:
    """Difference of mean critic values; needs a Lipschitz penalty such as `GradientPenalty`.

    References
    ----------
    Arjovsky et al., "Wasserstein GAN", ICML 2017, arXiv:1701.07875, Eq. 3.
    """

    shares_backward: ClassVar[bool] = True

    def d_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the mean fake minus the mean real critic value."""
        return fake.mean() - real.mean()

    def g_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the negative mean fake critic value."""
        return -fake.mean()


LOSSES = {
    "relativistic": Relativistic(),
    "non_saturating": NonSaturating(),
    "hinge": Hinge(),
    "wasserstein": Wasserstein(),
}
