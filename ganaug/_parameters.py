"""The parameters of the GAN estimators: checked, and resolved to recipes."""

from collections.abc import Mapping
from typing import Any

from ganaug._validation import check_choice, check_number, check_pair, check_random_state
from ganaug.architectures import ARCHITECTURES, TABLE_ARCHITECTURES, VECTOR_ARCHITECTURES, Architecture
from ganaug.conditioning import CONDITIONINGS
from ganaug.devices import check_precision, choose_device
from ganaug.diffaugment import D_AUGMENTS
from ganaug.losses import LOSSES
from ganaug.penalties import PENALTIES, ROW_PENALTIES
from ganaug.training_state import Recipe

Choices = Mapping[str, Mapping[str, Any]]

# What names stand for, by parameter.
IMAGE_CHOICES: Choices = {
    "architecture": ARCHITECTURES,
    "loss": LOSSES,
    "penalty": PENALTIES,
    "conditioning": CONDITIONINGS,
    "d_augment": D_AUGMENTS,
}
TABLE_CHOICES: Choices = {
    "architecture": TABLE_ARCHITECTURES,
    "loss": LOSSES,
    "penalty": ROW_PENALTIES,
    "conditioning": CONDITIONINGS,
}
VECTOR_CHOICES: Choices = {**TABLE_CHOICES, "architecture": VECTOR_ARCHITECTURES}
# What training asks of the user's own objects.
_MEMBERS = {
    "architecture": ("build", "latent_dim"),
    "loss": ("d_loss", "g_loss", "shares_backward"),
    "penalty": ("start", "every", "uses_logits"),
    "d_augment": ("start", "n_draws"),
    "conditioning": ("build_input", "build_head", "class_loss", "shares_backward"),
}
_NUMBERS: Mapping[str, dict[str, Any]] = {
    "batch_size": {"minimum": 2, "integer": True},
    "max_steps": {"minimum": 1, "integer": True, "optional": True},
    "max_seconds": {"minimum": 0.001, "optional": True},
    "learning_rate": {"minimum": 1e-9, "maximum": 1},
    "final_learning_rate": {"minimum": 1e-9, "maximum": 1},
    "reconstruction_weight": {"minimum": 0},
    "kl_weight": {"minimum": 0},
    "noise": {"minimum": 0},
    "class_balance": {"minimum": 0, "maximum": 1},
    "ema_half_life": {"minimum": 0},
    "latent_scale": {"minimum": 0},
    "n_snapshots": {"minimum": 1, "integer": True},
    "fine_tune_steps": {"minimum": 0, "integer": True},
    "min_class_size": {"minimum": 0, "integer": True},
    "min_match_size": {"minimum": 2, "integer": True, "optional": True},
    "max_categories": {"minimum": 2, "integer": True},
    "n_threads": {"minimum": 1, "maximum": 1024, "integer": True, "optional": True},
}


def check_parameters(gan: Any) -> None:
    """Raise a `TypeError` or `ValueError` unless a GAN estimator can be trained with its parameters."""
    resolve(gan)
    given = gan.get_params(deep=False)
    for name, bounds in _NUMBERS.items():
        if name in gan._automatic and isinstance(given[name], str):
            if given[name] != "auto":
                raise ValueError(f"{name} must be an integer, None or 'auto', got {given[name]!r}.")
        elif name in given:
            check_number(name, given[name], **bounds)
    check_pair("betas", gan.betas, minimum=0, maximum=0.9999999)
    if gan.max_steps is None and gan.max_seconds is None:
        raise ValueError("max_steps and max_seconds are both None; give at least one, or training never ends.")
    choose_device(gan.device)
    check_precision(gan.precision)
    check_random_state(gan.random_state)
    if not isinstance(gan.verbose, (bool, type(None))):
        raise TypeError(f"verbose must be True, False or None, got {gan.verbose!r}.")


def resolve(gan: Any) -> dict[str, Any]:
    """Return the recipes that a GAN estimator's parameters name, by parameter; some names depend on its data."""
    return {name: check_choice(name, gan._given(name), table, _MEMBERS[name]) for name, table in gan._choices.items()}


def make_recipe(gan: Any, **changes: Any) -> tuple[Architecture, Recipe]:
    """Return the architecture and the training recipe of a GAN estimator."""
    recipes = resolve(gan)
    architecture = recipes.pop("architecture")
    parts = {"latent_dim": architecture.latent_dim, "betas": tuple(gan.betas)}
    given = gan.get_params(deep=False)
    names = (
        "batch_size max_steps max_seconds learning_rate final_learning_rate ema_half_life class_balance "
        "n_snapshots reconstruction_weight kl_weight"
    )
    parts |= {name: given[name] for name in names.split() if name in given}
    return architecture, Recipe(**{**recipes, **parts, **changes})
