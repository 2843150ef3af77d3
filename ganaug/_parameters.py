"""The parameters that every GAN estimator has: checked, and resolved to recipes."""

from typing import Any

from ganaug._validation import check_choice, check_number, check_pair
from ganaug.architectures import ARCHITECTURES, Architecture
from ganaug.conditioning import CONDITIONINGS
from ganaug.diffaugment import D_AUGMENTS
from ganaug.losses import LOSSES
from ganaug.penalties import PENALTIES
from ganaug.training import Recipe

_TABLES = {
    "architecture": ARCHITECTURES,
    "loss": LOSSES,
    "penalty": PENALTIES,
    "conditioning": CONDITIONINGS,
    "d_augment": D_AUGMENTS,
}
# What training asks of the user's own objects.
_MEMBERS = {
    "architecture": ("build", "latent_dim"),
    "loss": ("d_loss", "g_loss", "shares_backward"),
    "penalty": ("start", "every", "uses_logits"),
    "d_augment": ("start", "n_draws"),
    "conditioning": ("build_input", "build_head", "class_loss", "extra_channels", "shares_backward"),
}


def check_parameters(gan: Any) -> None:
    """Raise a `TypeError` or `ValueError` unless every number of a GAN estimator can be trained with."""
    check_number("batch_size", gan.batch_size, minimum=2, integer=True)
    check_number("max_steps", gan.max_steps, minimum=1, integer=True, optional=True)
    check_number("max_seconds", gan.max_seconds, minimum=0.001, optional=True)
    if gan.max_steps is None and gan.max_seconds is None:
        raise ValueError("max_steps and max_seconds are both None; give at least one, or training never ends.")
    check_number("learning_rate", gan.learning_rate, minimum=1e-9, maximum=1)
    check_number("final_learning_rate", gan.final_learning_rate, minimum=1e-9, maximum=1)
    check_pair("betas", gan.betas, minimum=0, maximum=0.9999999)
    check_number("reconstruction_weight", gan.reconstruction_weight, minimum=0)
    check_number("kl_weight", gan.kl_weight, minimum=0)
    check_number("class_balance", gan.class_balance, minimum=0, maximum=1)
    check_number("ema_half_life", gan.ema_half_life, minimum=0)
    check_number("fine_tune_steps", gan.fine_tune_steps, minimum=0, integer=True)
    check_number("min_class_size", gan.min_class_size, minimum=0, integer=True)
    check_number("n_threads", gan.n_threads, minimum=1, integer=True, optional=True)
    if not isinstance(gan.verbose, (bool, type(None))):
        raise TypeError(f"verbose must be True, False or None, got {gan.verbose!r}.")


def resolve(gan: Any) -> dict[str, Any]:
    """Return the recipes that a GAN estimator's parameters name, by parameter."""
    return {name: check_choice(name, getattr(gan, name), table, _MEMBERS[name]) for name, table in _TABLES.items()}


def make_recipe(gan: Any, **changes: Any) -> tuple[Architecture, Recipe]:
    """Return the architecture and the training recipe of a GAN estimator."""
    recipes = resolve(gan)
    architecture = recipes.pop("architecture")
    parts = {"latent_dim": architecture.latent_dim, "betas": tuple(gan.betas)}
    same = (
        "batch_size max_steps max_seconds learning_rate final_learning_rate ema_half_life class_balance "
        "reconstruction_weight kl_weight"
    )
    parts |= {name: getattr(gan, name) for name in same.split()}
    return architecture, Recipe(**{**recipes, **parts, **changes})
