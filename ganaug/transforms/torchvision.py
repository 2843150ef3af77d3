"""`GANAugment` for torchvision's v2 transforms."""

from collections.abc import Callable, Hashable, Mapping
from os import PathLike
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch.utils._pytree import tree_flatten, tree_unflatten
from torchvision import tv_tensors
from torchvision.transforms import v2

from ganaug._typing import RandomState
from ganaug._validation import suggest
from ganaug.bank import SampleBank
from ganaug.transforms._images import (
    FloatRange,
    array_like,
    array_size,
    check_float_range,
    pil_like,
    tensor_like,
    tensor_size,
)
from ganaug.transforms._labels import find_labels, find_no_labels, unify_labels
from ganaug.transforms._replacement import Replacement, resolve_bank

_FAST_LABELS = frozenset((int, str))
_ON_STRUCTURE = ("error", "skip")
_STRUCTURE_KEYS = frozenset(("boxes", "bboxes", "bbox", "mask", "masks", "segmentation", "keypoints"))
_IMAGE_KEYS = ("image", "img", "pixel_values")


class GANAugment(v2.Transform):
    """Replace images by synthetic ones of the same class, with probability `p`.

    Rare classes are seen in more variety while the label, and how often each class is seen, stay as they
    are. (To add images instead, use ``ConcatDataset([real, bank])``.)

    Put it first in a chain, before resizing and normalising, so that real and synthetic images go through
    the same transforms. It takes single samples and whole batches, as ``transform(image, label)``,
    ``transform((image, label))`` or any nesting of tuples, lists and dicts that holds images and labels.
    Images are PIL images, `tv_tensors.Image`, tensors (C, H, W) or (N, C, H, W), or arrays (H, W) or
    (H, W, C); without a PIL image or `tv_tensors.Image`, only what a dict has as ``"image"``, or else the
    first tensor, or array, is an image. A replaced image keeps its type, shape, dtype and device;
    everything else comes back as it is. Several images in one sample are replaced by the same synthetic
    one, or not at all.

    Parameters
    ----------
    source : SampleBank, fitted ImageGAN, or path
        Where the images come from. A path is a bank's or a saved model's folder. From a GAN or model, a
        temporary bank is drawn first.
    p : float or mapping of label to float, default 0.5
        Probability of replacing an image, for all classes or for each; a class left out of a mapping is
        never replaced, and neither is one of which the bank has no sample. Raising it shows more synthetic
        and fewer real images.
    labels_getter : "default", callable or None
        How to find the labels in a sample. The default takes the second item of a tuple or list, and in
        dicts the keys labels, label, targets, target, y, or one containing "label". A callable is given the
        sample. None is for samples without labels and needs a bank with one class. Labels are those that
        the bank knows: numbers, strings, 0-d tensors; for a batch, N of them in a tensor, array or list.
    resize : bool, default False
        Resize a synthetic image to the image it replaces. By default a differing size is an error.
    on_structure : {"error", "skip"}, default "error"
        What to do with samples that hold bounding boxes, masks, keypoints or videos, which would not fit a
        synthetic image: raise, or never replace. They are told by their type, and in mappings by keys such as
        ``"boxes"`` or ``"mask"``.
    float_range : tuple of two floats, default (0.0, 1.0)
        What black and white are in floating images; values outside are an error.
    n_per_class : int or mapping of label to int, default 1000
        Size of the bank drawn from a GAN or a model.
    random_state : None or int
        Seed of that drawing. When replacing, only torch's random numbers are used: `torch.manual_seed`
        repeats them, and each worker and epoch of a DataLoader has its own.

    Attributes
    ----------
    bank : SampleBank
    p : float or dict

    Raises
    ------
    ValueError
        At construction if an option or a class of `p` is unknown. When called if the label is missing or
        unknown, or channels, size or range of an image differ from the bank's.
    TypeError
        If `source` is something else, or a sample holds no image, or an image is of another integer type.

    Examples
    --------
    >>> import numpy as np, torch
    >>> bank = SampleBank.from_arrays(np.full((4, 8, 8), 255, dtype=np.uint8), [0, 0, 1, 1])
    >>> augment = GANAugment(bank, p={1: 1.0})
    >>> dark = torch.zeros(1, 8, 8, dtype=torch.uint8)
    >>> augment(dark, 0)[0] is dark, int(augment(dark, 1)[0].min())
    (True, 255)
    """

    def __init__(
        self,
        source: SampleBank | str | PathLike | Any,
        p: float | Mapping[Hashable, float] = 0.5,
        *,
        labels_getter: Callable[[Any], Any] | Literal["default"] | None = "default",
        resize: bool = False,
        on_structure: Literal["error", "skip"] = "error",
        float_range: FloatRange = (0.0, 1.0),
        n_per_class: int | Mapping[Hashable, int] = 1000,
        random_state: RandomState = None,
    ) -> None:
        super().__init__()
        if on_structure not in _ON_STRUCTURE:
            hint = suggest(on_structure, _ON_STRUCTURE)
            raise ValueError(f"on_structure must be 'error' or 'skip', got {on_structure!r}.{hint}")
        self.on_structure = on_structure
        self.float_range = check_float_range(float_range)
        self._labels_getter = _resolve_getter(labels_getter)
        self.bank = resolve_bank(source, n_per_class, random_state)
        self._p = dict(p) if isinstance(p, Mapping) else p
        self._replacement = Replacement(self.bank, p, resize)
        self._shares = self._replacement.shares
        if labels_getter is None and self._replacement.only_label is None:
            raise ValueError(
                f"labels_getter=None needs a bank with one class, and this one has "
                f"{len(self.bank.classes)}; pass a callable that returns a sample's label."
            )

    @property
    def p(self) -> float | dict[Hashable, float]:
        """Probability of replacing an image."""
        return self._p

    def forward(self, *inputs: Any) -> Any:
        """Replace the images of a sample or batch, or leave them."""
        sample = inputs if len(inputs) > 1 else inputs[0]
        # The usual sample, (image, label), skips the search for images and labels.
        if type(sample) is tuple and len(sample) == 2 and self._labels_getter is find_labels:
            image, label = sample
            if type(label) in _FAST_LABELS and label in self._shares and _is_image(image):
                index = self._replacement.draw(self._shares[label])
                return sample if index is None else (self._replace_one(image, index), label)
        return self._forward_structure(sample)

    def extra_repr(self) -> str:
        """Describe the options for `repr`."""
        options = f"{self.bank}, p={self.p}, resize={self._replacement.resize}"
        return f"{options}, on_structure={self.on_structure!r}, float_range={self.float_range}"

    def _forward_structure(self, sample: Any) -> Any:
        leaves, spec = tree_flatten(sample)
        if self._must_skip(sample, leaves):
            return sample
        given_labels = self._labels_getter(sample)
        places = _find_images(leaves, given_labels, _named_image(sample))
        images = [leaves[place] for place in places]
        labels, is_batch = self._unify_labels(given_labels, images)
        replaced = self._replace_batch(images, labels) if is_batch else self._replace_single(images, labels)
        if replaced is None:
            return sample
        for place, image in zip(places, replaced, strict=True):
            leaves[place] = image
        return tree_unflatten(leaves, spec)

    def _must_skip(self, sample: Any, leaves: list[Any]) -> bool:
        structure = next((f"tv_tensors.{type(leaf).__name__}" for leaf in leaves if _is_structure(leaf)), None)
        structure = structure or _named_structure(sample)
        if structure is not None and self.on_structure == "error":
            raise ValueError(
                f"The sample holds {structure}, which would not fit a synthetic "
                f"image; apply GANAugment only to images with class labels, or pass on_structure='skip' to "
                f"leave such samples as they are."
            )
        return structure is not None

    def _unify_labels(self, labels: Any, images: list[Any]) -> tuple[Any, bool]:
        """Return one label, or a batch of labels, and which of the two it is."""
        is_image_batch = any(_ndim(image) == 4 for image in images)
        if labels is None:
            return self._stand_in_labels(len(images[0]) if is_image_batch else None)
        labels, is_batch = unify_labels(labels, self._shares)
        if is_batch and len(labels) == 1 and not is_image_batch:
            return unify_labels(labels[0], self._shares)  # some data sets give labels of shape (1,)
        return labels, is_batch

    def _stand_in_labels(self, n: int | None) -> tuple[Any, bool]:
        label = self._replacement.only_label
        if label is None:
            raise ValueError(
                "GANAugment found no label in the sample; call it with (image, label) or a dict that has a "
                "key 'label', or pass a labels_getter that returns the label."
            )
        return (label, False) if n is None else ([label] * n, True)

    def _replace_single(self, images: list[Any], label: Hashable) -> list[Any] | None:
        index = self._replacement.draw(self._replacement.share_of(label))
        return None if index is None else [self._replace_one(image, index) for image in images]

    def _replace_one(self, image: Any, index: int) -> Any:
        replacement, layout = self._replacement, self.bank.layout
        if isinstance(image, Image.Image):
            return pil_like(image, replacement.take(index, image.height, image.width))
        if isinstance(image, np.ndarray):
            pixels = replacement.take(index, *array_size(image, layout))
            return array_like(image, pixels, self.float_range)
        pixels = replacement.take(index, *tensor_size(image, layout))
        new = tensor_like(image, pixels, self.float_range).reshape(image.shape)
        return tv_tensors.wrap(new, like=image) if isinstance(image, tv_tensors.Image) else new

    def _replace_batch(self, images: list[Any], labels: Any) -> list[Any] | None:
        for image in images:
            if not isinstance(image, torch.Tensor):
                raise TypeError(
                    f"The labels are a batch of {len(labels)} and the image is one {type(image).__name__}; "
                    f"apply GANAugment to each sample, or to tensors (N, C, H, W) after collating."
                )
        sizes = [tensor_size(image, self.bank.layout, len(labels)) for image in images]
        rows, indices = self._replacement.draw_batch(self._replacement.find_classes(labels))
        if not len(rows):
            return None
        return [self._replace_rows(image, rows, indices, size) for image, size in zip(images, sizes, strict=True)]

    def _replace_rows(
        self, image: torch.Tensor, rows: np.ndarray, indices: np.ndarray, size: tuple[int, int]
    ) -> torch.Tensor:
        new = tensor_like(image, self._replacement.take(indices, *size), self.float_range)
        replaced = image.clone()
        replaced[torch.from_numpy(rows).to(image.device)] = new.reshape(len(rows), *image.shape[1:])
        return replaced


def _resolve_getter(labels_getter: Any) -> Callable[[Any], Any]:
    if labels_getter is None:
        return find_no_labels
    if isinstance(labels_getter, str) and labels_getter == "default":
        return find_labels
    if callable(labels_getter):
        return labels_getter
    raise ValueError(
        f"labels_getter must be 'default', a callable that takes a sample and returns its labels, or None, "
        f"got {labels_getter!r}."
    )


def _is_image(item: Any) -> bool:
    return isinstance(item, (Image.Image, tv_tensors.Image)) or type(item) is torch.Tensor


def _is_structure(item: Any) -> bool:
    # Boxes, masks, keypoints and videos.
    return isinstance(item, tv_tensors.TVTensor) and not isinstance(item, tv_tensors.Image)


def _named_structure(sample: Any) -> str | None:
    """Return the key of boxes, masks or keypoints in a sample's mappings, or None: plain tensors tell by no type."""
    if isinstance(sample, Mapping):
        found = next((key for key, value in sample.items() if key in _STRUCTURE_KEYS and value is not None), None)
        return repr(found) if found is not None else _named_structure(tuple(sample.values()))
    if isinstance(sample, (tuple, list)):
        parts = (_named_structure(part) for part in sample if isinstance(part, (Mapping, tuple, list)))
        return next(filter(None, parts), None)
    return None


def _named_image(sample: Any) -> Any:
    """Return what a mapping has under a usual name of images, or None."""
    names = _IMAGE_KEYS if isinstance(sample, Mapping) else ()
    return next((sample[name] for name in names if isinstance(sample.get(name), (torch.Tensor, np.ndarray))), None)


def _ndim(image: Any) -> int:
    return 2 if isinstance(image, Image.Image) else image.ndim


def _find_images(leaves: list[Any], labels: Any, named: Any) -> list[int]:
    """Return the places of all PIL images and `tv_tensors.Image`; else of `named`, or the first tensor, or array."""
    explicit = [i for i, leaf in enumerate(leaves) if isinstance(leaf, (Image.Image, tv_tensors.Image))]
    if explicit:
        return explicit
    if named is not None:
        return [next(i for i, leaf in enumerate(leaves) if leaf is named)]
    for kind in (torch.Tensor, np.ndarray):
        for i, leaf in enumerate(leaves):
            if isinstance(leaf, kind) and leaf.ndim > 1 and leaf is not labels:
                return [i]
    found = ", ".join(sorted({type(leaf).__name__ for leaf in leaves}))
    raise TypeError(
        f"GANAugment found no image in the sample, only {found}; it takes PIL images, tensors (C, H, W), "
        f"tv_tensors.Image and arrays (H, W, C)."
    )
