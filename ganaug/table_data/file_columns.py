"""How a file lays its table out: what a table as such does not know, and what is to come out of a model again."""

from typing import Any, NamedTuple


class FileColumns(NamedTuple):
    """The columns of the file that a model was fitted on.

    Attributes
    ----------
    target : str
        The column of classes.
    names : list of str
        All columns in their order.
    dates : dict of str to str
        Formats of columns of dates and times.
    """

    target: str
    names: list[str]
    dates: dict[str, str]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "FileColumns":
        """Return what `_asdict` gave.

        Raises
        ------
        AttributeError, KeyError, TypeError, ValueError
            If that is no such thing.
        """
        target, names = str(values["target"]), [str(name) for name in list(values["names"])]
        dates = {str(name): str(form) for name, form in values["dates"].items()}
        if len({*names, target}) != len(names) or not {*dates} <= {*names}:
            raise ValueError(f"names of columns repeat, or the target or a date is none of them: {values!r}")
        return cls(target, names, dates)
