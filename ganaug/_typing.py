"""Names for the two alphabets: user space (`X, y`) and tensor space (`x, y, z`)."""

from collections.abc import Hashable
from typing import Any, Literal, TypeAlias

import numpy as np

Label: TypeAlias = Hashable
"""A class label as the user gave it: int, string, tuple, ..."""

Images: TypeAlias = Any
"""Images as the user gave them: array, tensor, list of PIL images, data set or path."""

RandomState: TypeAlias = int | np.random.Generator | np.random.RandomState | None

Container: TypeAlias = Literal["numpy", "torch", "pil"]
