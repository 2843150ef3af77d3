"""Does the GAN hand out its training data? A nearest-neighbour audit with a verdict per class."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from ganaug._distances import nearest
from ganaug._features import as_features, check_same_width, rows_by_class
from ganaug._typing import Label
from ganaug._validation import check_number

MAX_CHANCE = 0.01
Verdict = Literal["ok", "copies", "cannot tell"]
Reference = Literal["held-out", "leave-one-out", "none"]


@dataclass(frozen=True)
class ClassAudit:
    """One class's row of a `MemorizationAudit`.

    Attributes
    ----------
    label : label as the user gave it
    n_train, n_fake : int
    reference : {"held-out", "leave-one-out", "none"}
        Where the yardstick comes from: held-out samples, or the training samples' distances to each other.
    n_reference : int
        Distances in the yardstick.
    threshold : float
        Distance to the nearest training sample below which a fake is flagged; NaN without a yardstick.
    fraction_flagged : float in [0, 1]
        Share of fakes below the threshold or identical to a training sample; NaN without a yardstick.
    fraction_reference : float in [0, 1]
        Share of the yardstick's own real samples flagged by the same rule: what innocent samples show.
    fraction_identical, fraction_reference_identical : float in [0, 1]
        Of both, the share identical to a training sample.
    fraction_train_identical : float in [0, 1]
        Share of training samples identical to another one of their class.
    verdict : {"ok", "copies", "cannot tell"}
    """

    label: Label
    n_train: int
    n_fake: int
    reference: Reference
    n_reference: int
    threshold: float
    fraction_flagged: float
    fraction_reference: float
    fraction_identical: float
    fraction_reference_identical: float
    fraction_train_identical: float
    verdict: Verdict


@dataclass(frozen=True)
class MemorizationAudit:
    """Verdicts per class; ``print`` it for a table.

    Attributes
    ----------
    classes : tuple of ClassAudit
    ratio, max_flagged : float
        As given to `audit_memorization`.
    max_chance : float or None
        Where an excess is only called "copies" if Fisher's exact test gives it less than this probability by chance;
        None if no test was made.
    """

    classes: tuple[ClassAudit, ...]
    ratio: float
    max_flagged: float
    max_chance: float | None = None

    @property
    def fraction_flagged(self) -> float:
        """Share of fakes flagged, over the classes that could be judged; NaN if there are none."""
        judged = [row for row in self.classes if row.verdict != "cannot tell"]
        n_fake = sum(row.n_fake for row in judged)
        return sum(row.fraction_flagged * row.n_fake for row in judged) / n_fake if n_fake else float("nan")

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of any class: "copies", else "cannot tell", else "ok"."""
        verdicts = {row.verdict for row in self.classes}
        return next(v for v in ("copies", "cannot tell", "ok") if v in verdicts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers, strings, lists and dicts; labels stay as they are."""
        return {**asdict(self), "classes": [asdict(row) for row in self.classes], "verdict": self.verdict}

    def __str__(self) -> str:
        head = ["class", "train", "fake", "yardstick", "threshold", "flagged", "real flagged"]
        head += ["identical", "real identical", "verdict"]
        body = [
            [
                str(row.label),
                str(row.n_train),
                str(row.n_fake),
                f"{row.reference} ({row.n_reference})",
                f"{row.threshold:.4g}",
                f"{row.fraction_flagged:.1%}",
                f"{row.fraction_reference:.1%}",
                f"{row.fraction_identical:.1%}",
                f"{row.fraction_reference_identical:.1%}",
                row.verdict,
            ]
            for row in self.classes
        ]
        widths = [max(len(cells[column]) for cells in [head, *body]) for column in range(len(head))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)).rstrip() for cells in [head, *body]]
        rule = (
            f"Flagged: nearer to a training sample of its class than {self.ratio:g} of the median real "
            f"distance, or identical to one. Copies: more than {self.max_flagged:.1%} flagged, or identical, beyond "
            f"the real share"
        )
        rule += f", and with a probability by chance below {self.max_chance:.0%}." if self.max_chance else "."
        if any(row.verdict == "cannot tell" for row in self.classes):
            rule += (
                "\nCannot tell: fewer than 2 training samples, no fakes, too few real samples to tell copies from "
                "chance, or held-out samples that were trained on; pass more, or others."
            )
        return "\n".join([*lines, rule])


def audit_memorization(
    train: Any,
    y_train: Iterable[Label],
    held_out: Any | None,
    y_held_out: Iterable[Label] | None,
    fake: Any,
    y_fake: Iterable[Label],
    *,
    ratio: float = 0.5,
    max_flagged: float = 0.02,
) -> MemorizationAudit:
    """Compare how near fakes come to the training data with how near unseen real samples come.

    Within each class, the yardstick is the median distance from a held-out sample to its nearest training
    sample. A fake is flagged when its own nearest training sample is closer than `ratio` times that, or
    identical to it.

    Parameters
    ----------
    train, held_out, fake : array-like of shape (N, ...), any real dtype
        Pixels or features; trailing axes are flattened. `train` is what the GAN was fitted on. `held_out` is
        real data that it never saw, or None: then, and for classes it lacks, the yardstick is the distance
        from each training sample to the nearest other one, which is reported as "leave-one-out".
    y_train, y_held_out, y_fake : labels, one for each sample
    ratio : float in (0, 1], default 0.5
        Raising it flags more.
    max_flagged : float in [0, 1], default 0.02
        A class gets the verdict "copies" when its share of flagged fakes exceeds that of the real samples by
        more than this, or its share of fakes identical to a training sample does. Draw some hundred fakes a
        class, lest a single one decide.

    Returns
    -------
    MemorizationAudit
        One row for each training class. "cannot tell" means fewer than 2 training samples, no fakes, or held-out
        samples most of which are training samples, so that copies would not stand out.

    Raises
    ------
    ValueError
        If lengths or widths differ, values are not finite, or `y_fake` or `y_held_out` has a class that
        `y_train` lacks.

    References
    ----------
    C. Meehan, K. Chaudhuri and S. Dasgupta, "A Non-Parametric Test to Detect Data-Copying in Generative
    Models", AISTATS 2020, arXiv:2004.05675: fakes against held-out samples by distance to the training data.
    G. J. J. van den Burg and C. K. I. Williams, "On Memorization in Probabilistic Deep Generative Models",
    NeurIPS 2021, arXiv:2106.03216: what nearest neighbours cannot see.

    Notes
    -----
    Instead of the rank test of Meehan et al., which speaks of a class's distances as a whole, single samples
    are flagged, so that a few copies among many good samples are seen. Unseen real samples fall below the
    threshold too, up to 2.5 % of them in some classes of Fashion-MNIST, hence the verdict on the excess. The
    leave-one-out yardstick knows that share less well, so judge by held-out data where there is any.

    Distances in pixels miss a copy that was shifted or mirrored. Features of a classifier are less easily
    fooled.
    """
    check_number("ratio", ratio, minimum=np.nextafter(0.0, 1.0), maximum=1.0)
    check_number("max_flagged", max_flagged, minimum=0.0, maximum=1.0)
    train, train_rows = _grouped("train", train, y_train)
    fake, fake_rows = _grouped("fake", fake, y_fake, like=(train, train_rows))
    held_out_rows: dict[Label, np.ndarray] = {}
    if held_out is not None:
        held_out, held_out_rows = _grouped("held_out", held_out, y_held_out, like=(train, train_rows))
    no_rows = np.empty(0, np.int64)
    rows = [
        _audit_class(
            label,
            train[indices],
            held_out[held_out_rows[label]] if label in held_out_rows else None,
            fake[fake_rows.get(label, no_rows)],
            ratio,
            max_flagged,
        )
        for label, indices in train_rows.items()
    ]
    return MemorizationAudit(tuple(rows), float(ratio), float(max_flagged))


def _grouped(
    name: str, X: Any, y: Iterable[Label] | None, like: tuple[np.ndarray, dict] | None = None
) -> tuple[np.ndarray, dict[Label, np.ndarray]]:
    if y is None:
        raise ValueError(f"{name} was given without labels; pass y_{name}, one label for each sample.")
    X = as_features(name, X)
    rows = rows_by_class(name, len(X), y)
    if like is not None:
        train, train_rows = like
        check_same_width("train", train, name, X)
        unknown = [label for label in rows if label not in train_rows]
        if unknown:
            known = ", ".join(map(str, train_rows))
            raise ValueError(
                f"y_{name} holds {unknown[0]}, which is no class of y_train; leave such samples out, or choose from "
                f"{known}."
            )
    return X, rows


def _audit_class(
    label: Label,
    train: np.ndarray,
    held_out: np.ndarray | None,
    fake: np.ndarray,
    ratio: float,
    max_flagged: float,
) -> ClassAudit:
    reference: Reference = "leave-one-out" if held_out is None else "held-out"
    if len(train) < 2 or len(fake) == 0:
        return ClassAudit(label, len(train), len(fake), "none", 0, *6 * [float("nan")], "cannot tell")
    yardstick = nearest(train) if held_out is None else nearest(held_out, train)
    threshold = ratio * float(np.median(yardstick))
    distances = nearest(fake, train)
    flagged, innocent = (_fraction_flagged(each, threshold) for each in (distances, yardstick))
    identical, repeated = (float((each == 0.0).mean()) for each in (distances, yardstick))
    natural = repeated if held_out is None else _fraction_repeated(train)
    verdict: Verdict = "ok"
    if max(flagged - innocent, identical - repeated) > max_flagged:
        verdict = "copies"
    elif held_out is not None and threshold == 0.0 and _were_trained_on(repeated, natural, len(held_out), len(train)):
        verdict = "cannot tell"
    return ClassAudit(
        label=label,
        n_train=len(train),
        n_fake=len(fake),
        reference=reference,
        n_reference=len(yardstick),
        threshold=threshold,
        fraction_flagged=flagged,
        fraction_reference=innocent,
        fraction_identical=identical,
        fraction_reference_identical=repeated,
        fraction_train_identical=natural,
        verdict=verdict,
    )


def _were_trained_on(repeated: float, natural: float, n_held_out: int, n_train: int) -> bool:
    """Tell whether held-out samples equal training samples at least twice as often as these equal each other.

    In tables of few categories both do; what chance may do is not told.
    """
    return repeated >= 2 * natural and exceeds_chance(repeated, n_held_out, natural, n_train)


def exceeds_chance(share: float, n: int, other_share: float, n_other: int) -> bool:
    """Tell whether Fisher's exact test, one-sided, finds a share of n above another one at `MAX_CHANCE`."""
    from scipy.stats import fisher_exact

    found, others = round(share * n), round(other_share * n_other)
    counts = [[found, n - found], [others, n_other - others]]
    return fisher_exact(counts, alternative="greater").pvalue < MAX_CHANCE


def _fraction_flagged(distances: np.ndarray, threshold: float) -> float:
    return float(((distances < threshold) | (distances == 0.0)).mean())


def _fraction_repeated(X: np.ndarray) -> float:
    # By hashes: sorting the rows would copy them.
    _, counts = np.unique([hash((row + 0.0).tobytes()) for row in X], return_counts=True)
    return float(counts[counts > 1].sum() / len(X))
