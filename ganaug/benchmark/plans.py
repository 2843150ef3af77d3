"""How much work a demo does on each task: sized for two processor cores."""

from dataclasses import dataclass, replace

from ganaug._validation import check_choice
from ganaug.benchmark.learners import ResidualNetwork


@dataclass(frozen=True)
class Plan:
    """The sizes of a demo.

    Attributes
    ----------
    minutes : float
        About how long it all takes on two cores, as told to the user.
    gan_steps : int
        Generator updates.
    gan_seconds : float
        Upper limit of the GAN's training, for slow machines.
    learner : learner
        The classifier, the same for every method.
    n_seeds : int
        Paired seeds of each compared method.
    n_selection_seeds : int
        Seeds with which the ordinary augmentations are tried on validation data.
    candidates : tuple of str
        Their names in `candidate_augmentations`.
    n_per_class : int
        Synthetic images of each class in the bank.
    """

    minutes: float
    gan_steps: int
    gan_seconds: float
    learner: ResidualNetwork
    n_seeds: int = 5
    n_selection_seeds: int = 2
    candidates: tuple[str, ...] = ("affine", "RandAugment", "TrivialAugment", "CutMix")
    n_per_class: int = 500


_DIGITS = ResidualNetwork(n_steps=700, batch_size=64, width=16, n_threads=1)
_FASHION = ResidualNetwork(n_steps=1200, batch_size=128, width=16)

PLANS = {
    "digits": Plan(minutes=2.5, gan_steps=1500, gan_seconds=40, learner=_DIGITS),
    "fashion-mnist": Plan(
        minutes=10, gan_steps=3000, gan_seconds=600, learner=_FASHION, n_seeds=3, n_selection_seeds=1, n_per_class=1000
    ),
}

QUICK_PLANS = {
    "digits": Plan(
        minutes=0.5, gan_steps=60, gan_seconds=10, learner=replace(_DIGITS, n_steps=60, n_checks=4), n_seeds=2,
        n_selection_seeds=1, candidates=("gentle affine", "affine"), n_per_class=50,
    ),
    "fashion-mnist": Plan(
        minutes=1.5, gan_steps=30, gan_seconds=20, learner=replace(_FASHION, n_steps=40, n_checks=4), n_seeds=2,
        n_selection_seeds=1, candidates=("gentle affine", "affine"), n_per_class=50,
    ),
}  # fmt: skip


def get_plan(data: str, quick: bool = False) -> Plan:
    """The plan for a task of `tasks.TASKS`; `quick` only proves that everything runs."""
    return check_choice("data", data, QUICK_PLANS if quick else PLANS)
