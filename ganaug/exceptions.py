"""The states that no built-in exception names."""


class GanaugWarning(UserWarning):
    """Base of every warning that ganaug raises about data or training."""


class SmallClassWarning(GanaugWarning):
    """A class has so few samples that a GAN is likely to copy or distort them."""


class ModelFormatError(ValueError):
    """A folder or file is not a complete model, checkpoint or bank that ganaug wrote."""


class QuotaError(RuntimeError):
    """A bank could not be filled: too few synthetic samples of a class passed the filters."""


class TrainingDivergedError(RuntimeError):
    """Losses stayed non-finite although training went back to its last good state."""
