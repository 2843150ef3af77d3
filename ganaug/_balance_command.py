"""``ganaug balance``: a table with synthetic rows of its rare classes."""

import argparse
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

_STRATEGIES = ("auto", "minority", "not minority", "not majority", "all")


def balance(options: argparse.Namespace) -> None:
    """Balance as told, and say what was written."""
    from ganaug.table_files import require

    require("imblearn")
    from ganaug._validation import suggest
    from ganaug.balance import balance_file
    from ganaug.filters import FILTERS
    from ganaug.over_sampling import GANOverSampler
    from ganaug.table import TableGAN

    names = ("max_steps", "discrete_columns", "max_categories")
    _check_once("--source", [name for name, _ in options.sources or ()])
    if options.filter is not None and options.filter not in FILTERS:
        raise ValueError(
            f"Unknown --filter {options.filter!r}; choose from {', '.join(FILTERS)}.{suggest(options.filter, FILTERS)}"
        )
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    sampler = GANOverSampler(
        TableGAN(**given, verbose=False if options.quiet else None),
        sampling_strategy=_read_strategy(options.sampling_strategy or ["auto"]),
        sources=dict(options.sources) if options.sources else None,
        filter=options.filter,
        scoring=options.scoring,
        random_state=options.random_state,
        **({} if options.dose is None else {"dose": options.dose}),
    )
    done = balance_file(
        options.data,
        options.target,
        options.out,
        sampler,
        id_columns=options.id_columns or (),
        separator=options.separator,
        mark=options.mark,
        overwrite=options.overwrite,
    )
    print(done)


def _check_once(option: str, names: Sequence[str]) -> None:
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        raise ValueError(f"{option} names {twice[0]} twice; name it once.")


def _read_strategy(words: Sequence[str]) -> Any:
    """Return what imbalanced-learn takes as its `sampling_strategy`."""
    from ganaug._validation import suggest

    if all("=" in word for word in words):
        wanted = [_read_wanted(word) for word in words]
        _check_once("--sampling-strategy", [name for name, _ in wanted])
        return partial(_find_wanted, dict(wanted))
    text = " ".join(words)
    if text in _STRATEGIES:
        return text
    try:
        ratio = float(text)
        if not 0 < ratio <= 1:
            raise ValueError
        return ratio
    except ValueError:
        raise ValueError(
            f"--sampling-strategy is {text!r}; expected {', '.join(_STRATEGIES)}, a ratio from 0 to 1 such as 0.5, or "
            f"LABEL=ROWS.{suggest(text, _STRATEGIES)}"
        ) from None


def _read_wanted(word: str) -> tuple[str, int]:
    name, _, rows = word.rpartition("=")
    if not rows.isdecimal():
        raise ValueError(f"--sampling-strategy has {word!r}; expected a class and its number of rows, such as yes=500.")
    return name, int(rows)


def _find_wanted(wanted: dict[str, int], y: Any) -> dict[Any, int]:
    """Return the wanted rows by label, which the shell knows by its name only."""
    from ganaug._validation import list_first, suggest

    by_name = {str(label): label for label in dict.fromkeys(y.tolist())}
    for name in wanted:
        if name not in by_name:
            known = list_first(list(by_name))
            raise ValueError(
                f"--sampling-strategy names the class {name!r}; the target has {known}.{suggest(name, by_name)}"
            )
    return {by_name[name]: n for name, n in wanted.items()}
