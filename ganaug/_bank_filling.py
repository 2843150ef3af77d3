"""Draw from a GAN until every class has its quota of samples that pass all filters."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ganaug._typing import Images
from ganaug._validation import check_choice, check_number, suggest
from ganaug.exceptions import QuotaError
from ganaug.filters import FILTERS, FittedFilter
from ganaug.image_data import read_like


@dataclass
class Filling:
    """Fill an array with synthetic samples, class after class.

    Each class has a random stream of its own: changing one quota leaves the other classes' draws as they are.

    Parameters
    ----------
    gan : fitted GAN
        Anything with `layout_` and ``sample_pixels(y, random_state)``.
    filters : sequence of FittedFilter
        In order; each judges only what those before it kept.
    max_draws : int
        Draws allowed per class, as a multiple of its quota.
    batch_size : int
        Images drawn at a time; larger is faster and takes more memory.
    seed : int
        Repeats the draws exactly, given the same `batch_size`.

    Attributes
    ----------
    drawn, kept : dict
        Number of samples drawn and kept of each label.
    """

    gan: Any
    filters: Sequence[FittedFilter]
    max_draws: int
    batch_size: int
    seed: int
    drawn: dict[Hashable, int] = field(default_factory=dict)
    kept: dict[Hashable, int] = field(default_factory=dict)

    def fill(self, pixels: np.ndarray, quotas: Mapping[Hashable, int]) -> None:
        """Fill `pixels` of shape (N, C, H, W), uint8, with ``sum(quotas.values())`` samples in order.

        Raises
        ------
        QuotaError
            If a class stays short of its quota; the message gives the acceptance rate of each such class.
        """
        start = 0
        for index, (label, quota) in enumerate(quotas.items()):
            self._fill_class(pixels[start : start + quota], label, np.random.default_rng([self.seed, index]))
            start += quota
        short = {label: quota for label, quota in quotas.items() if self.kept[label] < quota}
        if short:
            raise QuotaError(self._explain(short))

    def provenance(self) -> dict[str, Any]:
        """Say, in JSON-able form, what drew the samples, and with what acceptance rate in each class."""
        parameters = self.gan.get_params() if hasattr(self.gan, "get_params") else {}
        rates = [self.kept[label] / drawn if drawn else None for label, drawn in self.drawn.items()]
        return {
            "source": type(self.gan).__name__,
            "parameters": {name: repr(value) for name, value in parameters.items()},
            "random_state": self.seed,
            "batch_size": self.batch_size,
            "filters": [repr(fitted) for fitted in self.filters],
            "acceptance_rates": rates,
        }

    def _fill_class(self, target: np.ndarray, label: Hashable, rng: np.random.Generator) -> None:
        self.drawn[label] = self.kept[label] = 0
        filled, quota = 0, len(target)
        allowed = self.max_draws * quota if self.filters else quota
        while filled < quota and self.drawn[label] < allowed:
            # Without filters nothing is lost, so the last batch need not be a whole one.
            room = allowed - self.drawn[label] if self.filters else quota - filled
            labels = _repeat(label, min(self.batch_size, room))
            drawn = self.gan.sample_pixels(labels, random_state=rng)
            survivors = drawn[self._passes(drawn, labels)]
            self.drawn[label] += len(drawn)
            self.kept[label] += len(survivors)
            survivors = survivors[: quota - filled]
            target[filled : filled + len(survivors)] = survivors
            filled += len(survivors)

    def _passes(self, pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return the places of the samples that pass."""
        passed = np.arange(len(pixels))
        for fitted in self.filters:
            if len(passed):
                X = self.gan.layout_.decode(pixels[passed])
                passed = passed[np.asarray(fitted.keep(X, labels[passed]), dtype=bool)]
        return passed

    def _explain(self, short: Mapping[Hashable, int]) -> str:
        lines = [
            f"class {label!r}: kept {self.kept[label]} of the {quota} wanted in {self.drawn[label]} draws "
            f"(acceptance rate {self.kept[label] / self.drawn[label]:.1%})"
            for label, quota in short.items()
        ]
        return (
            f"Too few synthetic samples passed the filters: {'; '.join(lines)}. Lower n_per_class, loosen "
            f"the filters, raise max_draws (now {self.max_draws}), or train the GAN longer."
        )


def check_fitted(gan: Any) -> None:
    """Raise a `NotFittedError` unless images can be drawn from `gan`."""
    if hasattr(gan, "layout_") and hasattr(gan, "sample_pixels"):
        return
    from sklearn.exceptions import NotFittedError

    raise NotFittedError(
        f"A bank needs a fitted image GAN, got {type(gan).__name__}; call fit(X, y) first, or ganaug.load(path)."
    )


def resolve_quotas(n_per_class: int | Mapping[Hashable, int], classes: Sequence[Hashable]) -> dict[Hashable, int]:
    """Return how many samples each class shall have, in the order of `classes`; classes left out get none.

    Raises
    ------
    ValueError
        If a label is not one of `classes`, or a number is negative.
    TypeError
        If a number is not an integer.
    """
    if not isinstance(n_per_class, Mapping):
        check_number("n_per_class", n_per_class, minimum=0, integer=True)
        return dict.fromkeys(classes, int(n_per_class))
    for label, n in n_per_class.items():
        if label not in classes:
            raise ValueError(
                f"n_per_class names the class {label!r}, which the GAN does not know; its classes are "
                f"{list(classes)}.{suggest(label, classes)}"
            )
        check_number(f"n_per_class[{label!r}]", n, minimum=0, integer=True)
    return {label: int(n_per_class.get(label, 0)) for label in classes}


def fit_filters(filters: Any, real: tuple[Images, Any] | None, gan: Any) -> list[FittedFilter]:
    """Resolve names and fit each filter on real images, put in the form of the GAN's training data.

    Raises
    ------
    ValueError
        If a name is unknown, or there are filters and no `real`, or `real` has another size than the samples.
    """
    filters = [filters] if isinstance(filters, str) or not isinstance(filters, Sequence) else filters
    recipes = [check_choice("filter", given, FILTERS) for given in filters]
    if not recipes:
        return []
    if real is None:
        raise ValueError("Filters are fitted on real images, and none were given; pass real=(X, y).")
    data = read_like(gan.layout_, real, gan.on_error)
    X = gan.layout_.decode(data.pixels)
    return [recipe.fit(X, data.labels, gan=gan) for recipe in recipes]


def _repeat(label: Hashable, n: int) -> np.ndarray:
    # An object array keeps any label whole; numpy would unpack a tuple.
    labels = np.empty(n, dtype=object)
    labels[:] = [label] * n
    return labels
