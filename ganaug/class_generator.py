"""`ClassGenerator`: one class of a fitted GAN, as a callable."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ganaug._typing import Label, RandomState

if TYPE_CHECKING:
    from ganaug.fitted import FittedGAN


@dataclass(frozen=True)
class ClassGenerator:
    """One class's generator: call it with a number of samples."""

    gan: "FittedGAN"
    label: Label

    def __call__(self, n: int = 1, *, random_state: RandomState = None) -> Any:
        """Return n samples of the class, typed like the training data."""
        return self.gan.sample(n, self.label, random_state=random_state)[0]

    def __repr__(self) -> str:
        return f"ClassGenerator({self.label!r} of {type(self.gan).__name__})"
