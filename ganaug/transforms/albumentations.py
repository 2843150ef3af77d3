"""`GANAugment` for albumentations 2.0."""

import json
import warnings
from collections.abc import Hashable, Mapping
from os import PathLike
from typing import Any, Literal

import numpy as np

from ganaug.bank import SampleBank
from ganaug.exceptions import GanaugWarning
from ganaug.transforms._images import array_like, array_size
from ganaug.transforms._labels import unify_labels
from ganaug.transforms._replacement import Replacement, resolve_bank

try:
    from albumentations.core.transforms_interface import BaseTransformInitSchema, ImageOnlyTransform
except ImportError as error:
    raise ImportError(
        "ganaug.transforms.albumentations needs albumentations 2.0.8; "
        "install it with: pip install 'ganaug[albumentations]'"
    ) from error
if not hasattr(ImageOnlyTransform, "apply_with_params"):
    raise ImportError(
        "The installed albumentations has other hooks than 2.0.8, the version this adapter is written for; "
        "install that with: pip install 'ganaug[albumentations]'"
    )

_FLOAT_RANGE = (0.0, 1.0)  # albumentations' own convention
_STRUCTURES = ("images", "volume", "volumes", "mask", "masks", "mask3d", "masks3d", "bboxes", "keypoints")


class GANAugment(ImageOnlyTransform):
    """Replace the image by a synthetic one of the same class, with probability `p`.

    The label is passed by key: ``transform(image=image, label=label)``. Put it first in a chain, before
    resizing and normalising. All arguments can be written as JSON, so `to_dict` and `from_dict` work; hence a
    saved bank or model, not an object in memory. Random numbers are torch's: unlike the host's own
    transforms, workers and epochs of a DataLoader differ, and `torch.manual_seed` repeats them
    (`Compose(seed=...)` does not).

    Parameters
    ----------
    source : path or SampleBank with a path
        Folder of a bank or of a saved model. From a model, a temporary bank is drawn first.
    label_key : str, default "label"
        Name under which the label is passed: a number, string or 0-d tensor that the bank knows. Without a
        label the image is left as it is, with one warning; if the bank has a single class, none is needed.
    resize : bool, default False
        Resize a synthetic image to the image it replaces. By default a differing size is an error.
    on_structure : {"error", "skip"}, default "error"
        What to do with samples that hold masks, boxes, keypoints, volumes or a stack of images, which would not
        fit one synthetic image: raise, or never replace. Further images that `Compose` knows by name are replaced
        by the same synthetic one.
    n_per_class : int, default 1000
        Size of the bank drawn from a model.
    random_state : int or None
        Seed of that drawing.
    p : float or mapping of label to float, default 0.5
        Probability of replacing an image, for all classes or for each; a class left out of a mapping is
        never replaced, and neither is one of which the bank has no sample. JSON turns integer labels of a
        mapping into strings; they are turned back. `OneOf` and `SomeOf` need a number.

    Targets
    -------
    image : uint8, or float32 in [0, 1]; (H, W) or (H, W, C)

    Attributes
    ----------
    bank : SampleBank

    Raises
    ------
    ValueError
        At construction if an option is wrong. When called if the label is unknown, a structure stands beside
        the image, or channels, size or range of the image differ from the bank's.
    TypeError
        If the image is of an integer type other than uint8.

    Notes
    -----
    `albumentations.from_dict` knows the class once this module has been imported.

    Examples
    --------
    >>> import albumentations as A
    >>> chain = A.Compose([GANAugment("bank", p=0.5), A.HorizontalFlip()], strict=True)  # doctest: +SKIP
    >>> chain(image=image, label="cat")["image"]  # doctest: +SKIP
    """

    class InitSchema(BaseTransformInitSchema):
        """What the host checks before the arguments are stored."""

        source: Any
        label_key: str
        resize: bool
        on_structure: Literal["error", "skip"]
        n_per_class: int
        random_state: int | None
        p: Any

    def __init__(
        self,
        source: str | PathLike | SampleBank,
        label_key: str = "label",
        resize: bool = False,
        on_structure: Literal["error", "skip"] = "error",
        n_per_class: int = 1000,
        random_state: int | None = None,
        p: float | Mapping[Hashable, float] = 0.5,
    ) -> None:
        super().__init__()
        self.p = p  # after the host's own check, which takes only numbers
        self.source = _as_path(source)
        self.label_key = label_key
        self.resize = resize
        self.on_structure = on_structure
        self.n_per_class = n_per_class
        self.random_state = random_state
        self.bank = resolve_bank(source, n_per_class, random_state)
        self._replacement = Replacement(self.bank, _restore_labels(p, self.bank), resize)
        self._has_warned = False
        self._structures = list(_STRUCTURES)

    def add_targets(self, additional_targets: dict[str, str]) -> None:
        """Learn from `Compose` by what other names it knows images, masks, boxes and the like."""
        super().add_targets(additional_targets)
        self._structures += [name for name, target in additional_targets.items() if target in _STRUCTURES]

    @property
    def targets_as_params(self) -> list[str]:
        """Tell the host which inputs other than the image are read."""
        return [self.label_key]

    def __call__(self, *args: Any, force_apply: bool = False, **data: Any) -> dict[str, Any]:
        """Replace ``data["image"]``, or return `data` as it is."""
        if args or self.replay_mode:
            return super().__call__(*args, force_apply=force_apply, **data)
        # The host would decide before it knows the label, and insist on one.
        self.params = {}
        index = self._draw(data, force_apply)
        if index is None:
            return data
        self.params = self.update_transform_params({"bank_index": index}, data)
        if self.deterministic:
            data[self.save_key][id(self)] = dict(self.params)
        return self.apply_with_params(self.params, **data)

    def apply(self, img: np.ndarray, *args: Any, bank_index: int, **params: Any) -> np.ndarray:
        """Return the bank's sample `bank_index` in the form of `img`."""
        pixels = self._replacement.take(bank_index, *array_size(img, self.bank.layout))
        return array_like(img, pixels, _FLOAT_RANGE)

    def _draw(self, data: Mapping[str, Any], force_apply: bool) -> int | None:
        structure = next((key for key in self._structures if data.get(key) is not None), None)
        if structure is not None and self.on_structure == "skip":
            return None
        if structure is not None:
            raise ValueError(
                f"The sample holds {structure!r}, which would not fit a synthetic image; apply GANAugment "
                f"only to an image with a class label, or pass on_structure='skip' to leave such samples as "
                "they are."
            )
        label = self._find_label(data)
        if label is None:
            return None
        share = self._replacement.share_of(label)
        # OneOf and SomeOf have drawn already and force what they chose.
        return self._replacement.draw(share._replace(p=1.0) if force_apply and share.p else share)

    def _find_label(self, data: Mapping[str, Any]) -> Hashable | None:
        label = data.get(self.label_key)
        if label is None:
            self._warn_of_missing_label()
            return self._replacement.only_label
        label, is_batch = unify_labels(label, self._replacement.shares)
        if is_batch and len(label) != 1:
            raise ValueError(
                f"{self.label_key!r} holds {len(label)} labels and albumentations takes one image at a time; "
                f"pass one label."
            )
        return unify_labels(label[0], self._replacement.shares)[0] if is_batch else label

    def _warn_of_missing_label(self) -> None:
        if self._replacement.only_label is None and not self._has_warned:
            self._has_warned = True
            warnings.warn(
                f"GANAugment leaves images without a label as they are; pass {self.label_key}=..., or set "
                f"label_key to the name of the label.",
                GanaugWarning,
                stacklevel=5,
            )


def _as_path(source: Any) -> str:
    if isinstance(source, SampleBank) and not source.is_temporary:
        return str(source.path)
    if isinstance(source, (str, PathLike)):
        return str(source)
    raise TypeError(
        f"source must be the path of a bank's or a model's folder, or a SampleBank made with path=, so that "
        f"the transform can be written as JSON; got {source!r}."
    )


def _as_json_key(label: Hashable) -> str:
    return next(iter(json.loads(json.dumps({label: None}, skipkeys=True))), str(label))


def _restore_labels(p: Any, bank: SampleBank) -> Any:
    """Turn the keys of `p` that JSON made strings back into the bank's labels."""
    if not isinstance(p, Mapping):
        return p
    by_name = {name: label for label in bank.classes for name in (str(label), _as_json_key(label))}
    return {label if label in bank.counts else by_name.get(label, label): value for label, value in p.items()}
