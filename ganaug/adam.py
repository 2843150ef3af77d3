"""Adam over whole networks at once.

All parameters lie in one vector, so that a step is a few operations instead of a walk through dozens of tensors, which
on small networks takes longer than the arithmetic. torch's own Adam does that as well, but its first step imports
torch's compiler, for a second that every first fit of a process would wait.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

ALIGNMENT = 16  # float32 numbers, one cache line; checkpoints hold moments in this layout


class Adam:
    """Adam on all parameters of some networks.

    Parameters
    ----------
    modules : nn.Module or None
        See `flatten_parameters`. Their gradients become views of one vector, too.
    betas : tuple of two floats in [0, 1)
    weight_decay : float, default 0
        Each step first takes this times the learning rate off every weight, those without a gradient included.

    Attributes
    ----------
    weights, gradients : Tensor of shape (n,)
        Of all parameters, in the order of the modules. Gradients add up until `zero_grad`.
    first_moment, second_moment : Tensor of shape (n,)
    n_steps : int
    epsilon : float
        Added to the root of the second moment.

    Notes
    -----
    Weights and gradients must be changed in place. What puts other tensors in their stead, such as
    ``module.zero_grad()``, ``module.to(...)``, ``p.data = ...`` or ``backward(create_graph=True)``, ends the sharing;
    `check_sharing` finds out.

    References
    ----------
    Kingma and Ba, "Adam: A method for stochastic optimization", ICLR 2015, arXiv:1412.6980, Algorithm 1.
    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, arXiv:1711.05101, Algorithm 2.
    """

    epsilon = 1e-8

    def __init__(self, *modules: nn.Module | None, betas: tuple[float, float], weight_decay: float = 0.0) -> None:
        self.betas, self.weight_decay = betas, weight_decay
        self._parameters = _parameters_of(modules)
        self.weights = flatten_parameters(*modules)
        self.gradients = torch.zeros_like(self.weights)
        for p, view in zip(self._parameters, _split(self.gradients, self._parameters), strict=True):
            p.grad = view
        self._addresses = [_address(p) for p in self._parameters]
        self.first_moment, self.second_moment = torch.zeros_like(self.weights), torch.zeros_like(self.weights)
        self._room_for_roots = torch.empty_like(self.weights)  # fresh memory would cost a fault for each page
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
        denominator = torch.sqrt(self.second_moment, out=self._room_for_roots).add_(self.epsilon * correction2)
        self.weights.addcdiv_(self.first_moment, denominator, value=-learning_rate * correction2 / correction1)

    def check_sharing(self) -> None:
        """Raise a `RuntimeError` if parameters or gradients are no longer views of the vectors."""
        for p, address in zip(self._parameters, self._addresses, strict=True):
            if _address(p) != address:
                raise RuntimeError(
                    f"A parameter of shape {tuple(p.shape)}, or its gradient, was replaced during training, so steps "
                    f"no longer reach it. Callbacks and layers must change weights in place, by p.data.copy_(...)."
                )

    def state_dict(self) -> dict[str, Any]:
        """Return the moments, which are not copied, and the number of steps."""
        return {"first_moment": self.first_moment, "second_moment": self.second_moment, "n_steps": self.n_steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Copy what `state_dict` returned.

        Raises
        ------
        KeyError
            If something is missing.
        ValueError
            If the moments have another length.
        """
        for name in ("first_moment", "second_moment"):
            own, given = getattr(self, name), state[name]
            if own.shape != given.shape:
                raise ValueError(f"{name} has {given.numel()} numbers and these networks need {own.numel()}.")
            own.copy_(given)
        self.n_steps = state["n_steps"]


def flatten_parameters(*modules: nn.Module | None) -> Tensor:
    """Move the parameters of all modules into one vector.

    Parameters
    ----------
    modules : nn.Module or None
        Their parameters keep shape and order in memory and become views of the vector.

    Returns
    -------
    Tensor of shape (n,)
        Each parameter begins a cache line; zeros lie between.

    Raises
    ------
    ValueError
        If there is no parameter, two modules share one, or they are not all of one dtype on one device.
    """
    parameters = _parameters_of(modules)
    weights = parameters[0].detach().new_zeros(sum(map(_room, parameters)))
    for p, view in zip(parameters, _split(weights, parameters), strict=True):
        view.copy_(p.detach())
        p.data = view
    return weights


def give_own_memory(module: nn.Module) -> None:
    """Undo `flatten_parameters`, and drop gradients: a pickle would hold the whole vector for each parameter."""
    for p in module.parameters():
        p.data, p.grad = p.data.clone(), None


def _parameters_of(modules: tuple[nn.Module | None, ...]) -> list[nn.Parameter]:
    parameters = [p for module in modules if module is not None for p in module.parameters()]
    if not parameters:
        raise ValueError("The networks have no parameters, so there is nothing to train; add a layer.")
    if len({id(p) for p in parameters}) < len(parameters):
        raise ValueError("Two networks share a parameter; give each its own, as each has its own gradient.")
    kinds = {(p.dtype, p.device) for p in parameters}
    if len(kinds) > 1:
        raise ValueError(f"All parameters must have one dtype and device, got {sorted(map(str, kinds))}.")
    return parameters


def _address(p: nn.Parameter) -> tuple[int, int | None]:
    return p.data_ptr(), None if p.grad is None else p.grad.data_ptr()


def _room(p: Tensor) -> int:
    return -(-p.numel() // ALIGNMENT) * ALIGNMENT


def _split(vector: Tensor, parameters: list[nn.Parameter]) -> Iterator[Tensor]:
    """Return each parameter's part of the vector, in its shape and, where that leaves no gaps, its memory order."""
    for p, part in zip(parameters, vector.split([_room(p) for p in parameters]), strict=True):
        yield part.as_strided(p.shape, torch.empty_like(p).stride())
