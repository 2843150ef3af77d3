"""A finished pool of synthetic samples on disk, shared between workers without a copy."""

import tempfile
import uuid
from collections.abc import Callable, Hashable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from ganaug import _bank_folder
from ganaug._bank_filling import Filling, check_fitted, fit_filters, resolve_quotas
from ganaug._typing import Images, RandomState
from ganaug._validation import as_seed, check_number, suggest
from ganaug.image_data import ImageLayout, LabelCodec, read_images


class SampleBank(Dataset):
    """Hold ready synthetic images, memory-mapped, as a data set to look up or to train on.

    A GAN on a GPU cannot run inside a forked data loader worker, and drawing one image at a time is slow. A
    bank is drawn once, replays exactly, and is shared between workers without a copy. Add it to real data
    with ``ConcatDataset([real, bank])``, where its `transform` makes items like the real ones, or give it to
    :class:`~ganaug.transforms.GANAugment`.

    Make one with :meth:`from_gan`, :meth:`from_arrays` or :meth:`open`. Pickling carries the folder's path
    and the transform, never the pixels: forked and spawned workers map the same file.

    Parameters
    ----------
    path : str or path-like
        Folder of a bank.
    transform : callable or None
        Applied to each image of an item, as torchvision's data sets do.

    Attributes
    ----------
    path : Path
        The folder. One made without a path is temporary and goes when the bank is garbage collected.
    classes : tuple
        The labels, as the user gave them.
    counts : dict
        Number of samples of each label.
    layout : ImageLayout
        What the images look like to the user: container, size, channels, dtype, range.
    pixels : ndarray of shape (N, C, H, W), uint8
        All samples, sorted by class; read-only, mapped from disk.
    labels : ndarray of shape (N,)
        The label of each sample, typed as in the training data.
    provenance : dict
        What made the bank: the GAN's parameters, the seed, the filters and their acceptance rates.

    Raises
    ------
    ModelFormatError
        If `path` is not a whole bank; the message names the file and what is wrong with it.

    Examples
    --------
    >>> import numpy as np
    >>> bank = SampleBank.from_arrays(np.zeros((3, 8, 8), dtype=np.uint8), ["cat", "dog", "cat"])
    >>> bank
    SampleBank(3 images of 8x8x1, 2 classes of 1 to 2, temporary)
    >>> bank.counts, bank[2][1]
    ({'cat': 2, 'dog': 1}, 'dog')
    """

    def __init__(self, path: str | PathLike, transform: Callable | None = None) -> None:
        self.path = Path(path).absolute()
        self.transform = transform
        self._temporary: _bank_folder.TemporaryFolder | None = None
        folder = _bank_folder.read_folder(self.path)
        self.layout: ImageLayout = folder.layout
        self.provenance: dict[str, Any] = folder.provenance
        # Plain arrays index several times faster than the memmap class and share its memory.
        self.pixels: np.ndarray = folder.pixels.view(np.ndarray)
        self.classes: tuple[Hashable, ...] = tuple(folder.codec.classes)
        self.counts: dict[Hashable, int] = dict(zip(self.classes, folder.counts, strict=True))
        self._class_of_sample = np.repeat(np.arange(len(self.classes)), folder.counts)
        self.labels: np.ndarray = folder.codec.decode(self._class_of_sample)
        ends = np.cumsum(folder.counts).tolist()
        self._ranges = {label: range(end - n, end) for (label, n), end in zip(self.counts.items(), ends, strict=True)}

    @classmethod
    def open(cls, path: str | PathLike, transform: Callable | None = None) -> "SampleBank":
        """Open the bank in the folder `path`; the same as ``SampleBank(path, transform)``."""
        return cls(path, transform)

    @classmethod
    def from_gan(
        cls,
        gan: Any,
        n_per_class: int | Mapping[Hashable, int],
        *,
        path: str | PathLike | None = None,
        filters: Sequence[Any] = (),
        real: tuple[Images, Any] | None = None,
        max_draws: int = 20,
        batch_size: int = 1024,
        random_state: RandomState = None,
        overwrite: bool = False,
        transform: Callable | None = None,
    ) -> "SampleBank":
        """Draw from a fitted GAN until each class has its quota of samples that pass the filters.

        Parameters
        ----------
        gan : ImageGAN
            Fitted.
        n_per_class : int or mapping of label to int
            Quota of every class, or of each; zero is allowed, and a class left out of a mapping gets none.
        path : path-like or None
            Folder to write; None makes a temporary one that goes with the bank. It is written whole: on any
            error nothing is left behind.
        filters : sequence of str or Filter
            Names from :data:`ganaug.filters.FILTERS`, or objects. Each judges only what those before it have
            kept; a filter that keeps a share keeps that share of it.
        real : tuple (X, y), a data set as ImageGAN.fit takes it, or None
            Real images and their labels; the filters are fitted on them. Files are resized, and unreadable ones
            skipped, as they were for training.
        max_draws : int, default 20
            Draws allowed per class, as a multiple of its quota. Raising it lets stricter filters succeed.
        batch_size : int, default 1024
            Images drawn at a time. Raising it is faster and takes more memory.
        random_state : None, int, numpy Generator or RandomState
            An int repeats the bank exactly; None draws afresh. The seed used is kept in `provenance`.
        overwrite : bool, default False
            Replace a bank that is already at `path`. Anything else there is never touched.
        transform : callable or None
            Applied to each image of an item.

        Raises
        ------
        QuotaError
            If too few samples pass the filters; the message gives each class's acceptance rate.
        ValueError
            If a label or filter is unknown, or filters are given without `real`.
        FileExistsError
            If `path` is taken.
        OSError
            If the disk has too little space; found out before anything is drawn.
        NotFittedError
            If `gan` is not fitted.
        """
        check_fitted(gan)
        quotas = resolve_quotas(n_per_class, tuple(gan.label_codec_.classes))
        check_number("max_draws", max_draws, minimum=1, integer=True)
        check_number("batch_size", batch_size, minimum=1, integer=True)
        fitted = fit_filters(filters, real, gan)
        filling = Filling(gan, fitted, max_draws, batch_size, as_seed(random_state))

        def fill(pixels: np.ndarray) -> dict[str, Any]:
            filling.fill(pixels, quotas)
            return filling.provenance()

        counts = list(quotas.values())
        return cls._write(path, overwrite, transform, gan.layout_, gan.label_codec_, counts, fill)

    @classmethod
    def from_arrays(
        cls,
        X: Images,
        y: Any = None,
        *,
        path: str | PathLike | None = None,
        overwrite: bool = False,
        transform: Callable | None = None,
    ) -> "SampleBank":
        """Make a bank of ready images, whatever made them; `X` and `y` are anything ImageGAN.fit takes.

        Raises
        ------
        ValueError
            If `X` and `y` are not images and labels; see :func:`ganaug.image_data.read_images`.
        FileExistsError, OSError
            If `path` is taken or the disk is full, as in :meth:`from_gan`.
        """
        data = read_images(X, y)
        codec = data.label_codec
        class_of_sample = codec.encode(data.labels)
        order = np.argsort(class_of_sample, kind="stable")

        def fill(pixels: np.ndarray) -> dict[str, Any]:
            np.take(data.pixels, order, axis=0, out=pixels, mode="clip")  # "clip" spares a buffer
            return {"source": "arrays"}

        counts = np.bincount(class_of_sample, minlength=len(codec.classes)).tolist()
        return cls._write(path, overwrite, transform, data.layout, codec, counts, fill)

    @classmethod
    def _write(
        cls,
        path: str | PathLike | None,
        overwrite: bool,
        transform: Callable | None,
        layout: ImageLayout,
        codec: LabelCodec,
        counts: list[int],
        fill: Callable[[np.ndarray], dict[str, Any]],
    ) -> "SampleBank":
        target = Path(tempfile.gettempdir(), f"ganaug-bank-{uuid.uuid4().hex}") if path is None else Path(path)
        _bank_folder.write_folder(target, overwrite, layout, codec, counts, fill)
        bank = cls(target, transform)
        if path is None:
            bank._temporary = _bank_folder.TemporaryFolder(bank.path)
        return bank

    @property
    def is_temporary(self) -> bool:
        """Whether the folder goes when the bank is garbage collected."""
        return self._temporary is not None

    def indices(self, label: Hashable) -> range:
        """Return where the samples of `label` lie: one contiguous range of indices.

        Raises
        ------
        ValueError
            If the bank does not know the label.
        """
        try:
            return self._ranges[label]
        except (KeyError, TypeError):
            raise ValueError(
                f"The bank does not know the label {label!r} of type {type(label).__name__}; its classes are "
                f"{list(self.classes)}.{suggest(label, self.classes)}"
            ) from None

    def draw(self, label: Hashable, generator: torch.Generator | None = None) -> Any:
        """Return a random image of `label`, typed like the training data.

        Parameters
        ----------
        label : hashable
            One of `classes`.
        generator : torch.Generator or None
            None uses torch's global generator, as `manual_seed` sets it.

        Raises
        ------
        ValueError
            If the bank does not know the label or holds no sample of it.
        """
        indices = self.indices(label)
        if not indices:
            raise ValueError(f"The bank holds no sample of {label!r}; make it with n_per_class above 0 there.")
        return self[indices[int(torch.randint(len(indices), (), generator=generator))]][0]

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[Any, Hashable]:
        image = self.layout.decode_one(self.pixels[index])
        if self.transform is not None:
            image = self.transform(image)
        return image, self.classes[self._class_of_sample[index]]

    def __repr__(self) -> str:
        layout, counts = self.layout, self.counts.values()
        return (
            f"SampleBank({len(self)} images of {layout.height}x{layout.width}x{layout.channels}, "
            f"{len(counts)} classes of {min(counts)} to {max(counts)}, "
            f"{'temporary' if self._temporary else repr(str(self.path))})"
        )

    def __reduce__(self) -> tuple:
        return type(self), (str(self.path), self.transform)

    def __deepcopy__(self, memo: dict) -> "SampleBank":
        duplicate = type(self)(self.path, self.transform)
        duplicate._temporary = self._temporary  # the copy keeps a temporary folder alive, too
        return duplicate
