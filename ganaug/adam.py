"""Adam over whole networks at once.

All parameters lie in one vector, so that a step is a few operations instead of a walk through dozens of tensors, which
on small networks takes longer than the arithmetic. torch's own Adam does that as well, but its first step imports
torch's compiler, for a second that every first fit of a process would wait.
"""

from typing import Any

import torch
from torch import Tensor, nn

ALIGNMENT = 16  # float32 numbers, one cache line


class Adam:
    """Adam on all parameters of some networks.

    Parameters
    ----------
    modules : nn.Module or None
        See `flatten_parameters`.
    betas : tuple of two floats in [0, 1)
    weight_decay : float, default 0
        Each step first takes this times the learning rate off every weight.

    Attributes
    ----------
    weights, gradients : Tensor of shape (n,)
        Of all parameters, in the order of the modules. Gradients add up until `zero_grad`.
    first_moment, second_moment : Tensor of shape (n,)
    n_steps : int

    References
    ----------
    Kingma and Ba, "Adam: A method for stochastic optimization", ICLR 2015, arXiv:1412.6980, Algorithm 1.
    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, arXiv:1711.05101, Algorithm 2.
    """

    epsilon = 1e-8

    def __init__(self, *modules: nn.Module | None, betas: tuple[float, float], weight_decay: float = 0.0) -> None:
        self.betas, self.weight_decay = betas, weight_decay
        self.weights, self.gradients = flatten_parameters(*modules)
        self.first_moment, self.second_moment = torch.zeros_like(self.weights), torch.zeros_like(self.weights)
        self.n_steps = 0

    def zero_grad(self) -> None:
        """Forget all gradients."""
        self.gradients.zero_()

    def step(self, learning_rate: float) -> None:
        """Move the weights against the gradients."""
        self.n_steps += 1
        beta1, beta2 = self.betas
        correction1, correction2 = 1 - beta1**self.n_steps, (1 - beta2**self.n_steps) ** 0.5
        self.first_moment.lerp_(self.gradients, 1 - beta1)
        self.second_moment.mul_(beta2).addcmul_(self.gradients, self.gradients, value=1 - beta2)
        if self.weight_decay:
            self.weights.mul_(1 - learning_rate * self.weight_decay)
        denominator = self.second_moment.sqrt().add_(self.epsilon * correction2)
        self.weights.addcdiv_(self.first_moment, denominator, value=-learning_rate * correction2 / correction1)

    def state_dict(self) -> dict[str, Any]:
        """Return the moments, which are not copied, and the number of steps."""
        return {"first_moment": self.first_moment, "second_moment": self.second_moment, "n_steps": self.n_steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Copy what `state_dict` returned.

        Raises
        ------
        KeyError
            If something is missing.
        RuntimeError
            If the moments have another shape.
        """
        for name in ("first_moment", "second_moment"):
            getattr(self, name).copy_(state[name])
        self.n_steps = state["n_steps"]


def flatten_parameters(*modules: nn.Module | None) -> tuple[Tensor, Tensor]:
    """Move the parameters of all modules into one vector, and their gradients into another.

    Parameters
    ----------
    modules : nn.Module or None
        All on one device and of one dtype. Their parameters keep shape and order in memory and become views of the
        first vector, their gradients of the second.

    Returns
    -------
    weights, gradients : Tensor of shape (n,)
        Each parameter begins a cache line; zeros lie between. The gradients are zero.

    Notes
    -----
    ``module.zero_grad()`` and ``module.to(...)`` end the sharing: zero the vector, and move the modules before.
    """
    parameters = [p for module in modules if module is not None for p in module.parameters()]
    sizes = [-(-p.numel() // ALIGNMENT) * ALIGNMENT for p in parameters]
    weights = parameters[0].detach().new_zeros(sum(sizes))
    gradients = torch.zeros_like(weights)
    for p, part, gradient in zip(parameters, weights.split(sizes), gradients.split(sizes), strict=True):
        view = part.as_strided(p.shape, p.stride())
        view.copy_(p.detach())
        p.data, p.grad = view, gradient.as_strided(p.shape, p.stride())
    return weights, gradients
