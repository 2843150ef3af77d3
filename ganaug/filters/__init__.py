"""Which synthetic samples survive: recipes that are fitted on real data and then judge samples.

A filter is a recipe: ``fitted = recipe.fit(X, y, gan=gan)`` leaves it unchanged and returns a fitted filter,
and ``fitted.keep(X, y)`` says which samples to keep.
"""

from ganaug.filters._base import Filter, FittedFilter
from ganaug.filters.confidence import ConfidenceFilter
from ganaug.filters.discriminator import DiscriminatorFilter
from ganaug.filters.neighbour import NeighbourFilter

__all__ = [
    "FILTERS",
    "ConfidenceFilter",
    "DiscriminatorFilter",
    "Filter",
    "FittedFilter",
    "NeighbourFilter",
]

FILTERS = {
    "confidence": ConfidenceFilter(),
    "neighbour": NeighbourFilter(),
    "discriminator": DiscriminatorFilter(),
}
