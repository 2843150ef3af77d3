"""The gradients of one training step.

Both players learn from one look at one batch (simultaneous updates). The discriminator judges each sample by
itself, so its gradient with respect to a fake sample is a vector times the loss's derivative at that one logit.
A loss whose derivative never vanishes thus needs a single backward pass: rescaled per sample it serves the
generator too.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from ganaug.penalties import Situation
from ganaug.training_state import Draws, TrainingState


def compute_gradients(
    state: TrainingState, x_real: Tensor, draws: Draws, progress: float | Tensor
) -> dict[str, Tensor]:
    """Put the gradients of all networks into the optimizer's vector, and return the losses.

    Parameters
    ----------
    x_real : Tensor of shape (n, ...), float32
    draws : Draws
    progress : float in [0, 1], or a Tensor of shape ()
        Share of the budget used.

    Returns
    -------
    dict of str to Tensor of shape ()
        ``d_loss`` and ``g_loss``, detached.
    """
    state.optimizer.zero_grad()
    x_fake, g_regulariser = _generate(state, x_real, draws)
    leaf = x_fake.detach().requires_grad_()
    gradient, losses = _judge(state, x_real, leaf, draws, progress)
    sum(g_regulariser, start=scalar_with_gradient(x_fake, gradient)).backward()
    return losses


def scalar_with_gradient(x: Tensor, gradient: Tensor) -> Tensor:
    """Return a scalar to start back-propagation from, whose gradient at x is this one.

    ``x.backward(gradient)`` does the same, but its first call imports sympy, for half a second.
    """
    return (x * gradient).sum()


def _generate(state: TrainingState, x_real: Tensor, draws: Draws) -> tuple[Tensor, list[Tensor]]:
    """Return fakes, and what the generator pays beside them: the encoder's reconstruction loss."""
    generator, _, encoder = state.networks
    with state.fabric.autocast():
        if encoder is None:
            return generator(draws.z, draws.y), []
        half = len(draws.y) // 2
        mean, log_variance = encoder(x_real[:half], draws.y[:half])
        posterior = mean + draws.z[:half] * (log_variance / 2).exp()
        x_fake = generator(torch.cat([posterior, draws.z[half:]]), draws.y)
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
    reconstruction = l1_loss(x_fake[:half], x_real[:half])
    recipe = state.recipe
    return x_fake, [recipe.reconstruction_weight * reconstruction + recipe.kl_weight * divergence]


def _judge(
    state: TrainingState, x_real: Tensor, leaf: Tensor, draws: Draws, progress: float | Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Back-propagate the discriminator's loss; return the generator's gradient at the fake images, and both losses."""
    recipe, discriminator = state.recipe, state.networks.discriminator
    x, y = torch.cat([x_real, leaf]), torch.cat([draws.y, draws.y])
    if state.d_augment:
        x = state.d_augment(x, draws.augment)
    with state.fabric.autocast():
        critique = discriminator(x, y)
    on_real, on_fake = critique.halves()
    real, fake = on_real.logits, on_fake.logits
    d_loss = recipe.loss.d_loss(real, fake) + recipe.conditioning.class_loss(on_real, draws.y)
    g_loss = recipe.loss.g_loss(real, fake) + recipe.conditioning.class_loss(on_fake, draws.y)
    d_loss_and_logit_penalty = d_loss + _penalise(state, x, draws.y, critique.logits, (real, fake), progress)
    if state.d_augment:
        state.d_augment.observe(*_over_processes(state, critique.logits))
    losses = {"d_loss": d_loss.detach(), "g_loss": g_loss.detach()}
    if recipe.loss.shares_backward and recipe.conditioning.shares_backward:
        return _backward_once(d_loss_and_logit_penalty, g_loss, critique.logits, (real, fake), leaf), losses
    return _backward_twice(d_loss_and_logit_penalty, g_loss, state.d_parameters, leaf), losses


def _backward_once(
    d_loss: Tensor, g_loss: Tensor, logits: Tensor, halves: tuple[Tensor, Tensor], leaf: Tensor
) -> Tensor:
    """Back-propagate through the logits once; `halves` are those of reals and of fakes, which the losses took."""
    d_seed = torch.cat(torch.autograd.grad(d_loss, halves, retain_graph=True))
    (g_seed,) = torch.autograd.grad(g_loss, halves[1], retain_graph=True)
    d_seed = d_seed.abs().clamp_(min=1e-9 / len(d_seed)).copysign_(d_seed)  # against underflow to 0 / 0
    scalar_with_gradient(logits, d_seed).backward()
    return leaf.grad * (g_seed / d_seed[len(leaf) :]).view(-1, *(1 for _ in leaf.shape[1:]))


def _backward_twice(d_loss: Tensor, g_loss: Tensor, d_parameters: list[nn.Parameter], leaf: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(g_loss, leaf, retain_graph=True)
    d_loss.backward(inputs=d_parameters)
    return gradient


def _over_processes(state: TrainingState, logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return the logits of the whole batch, of reals and of fakes, from those of each process."""
    logits = logits.detach()
    if state.fabric.world_size > 1:
        logits = state.fabric.all_gather(logits.view(2, -1)).transpose(0, 1).flatten()
    return logits.chunk(2)


def _penalise(
    state: TrainingState,
    x: Tensor,
    y: Tensor,
    logits: Tensor,
    halves: tuple[Tensor, Tensor],
    progress: float | Tensor,
) -> Tensor | float:
    """Return a penalty on logits; back-propagate one on gradients at once, to free what it adds to the graph."""
    penalty = state.recipe.penalty
    if not is_penalised(state):
        return 0.0

    def critic(x: Tensor, y: Tensor) -> Tensor:
        with state.fabric.autocast():
            return state.networks.discriminator(x, y).logits

    means = (part.mean() for part in _over_processes(state, logits))
    situation = Situation(critic, x, y, *halves, *means, progress)
    value = penalty.every * state.penalty(situation)
    if penalty.uses_logits:
        return value
    value.backward(inputs=state.d_parameters, retain_graph=True)
    return 0.0


def is_penalised(state: TrainingState) -> bool:
    """Whether the penalty has its turn in the state's next step."""
    penalty = state.recipe.penalty
    return penalty is not None and state.step % penalty.every == 0
