"""`ImageGAN`: a conditional GAN on labelled images."""

import warnings
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ganaug._parameters import IMAGE_CHOICES, Choices
from ganaug._typing import RandomState
from ganaug._validation import as_seed, check_number
from ganaug.architectures import Architecture, DataSpec
from ganaug.base import BaseGAN
from ganaug.callbacks import to_uint8
from ganaug.conditioning import Conditioning
from ganaug.diffaugment import DAugment
from ganaug.image_data import ImageLayout, LabelCodec, read_images
from ganaug.losses import Loss
from ganaug.penalties import Penalty
from ganaug.training_data import Pixels


class ImageGAN(BaseGAN):
    """Conditional GAN for labelled images: one generator over all classes, so rare ones borrow from frequent ones.

    Parameters
    ----------
    architecture : {'residual', 'dcgan'} or Architecture, default 'residual'
        The networks. Objects such as ``Residual(width=64)`` change their size.
    loss : {'relativistic', 'hinge', 'non_saturating', 'wasserstein'} or Loss, default 'relativistic'
    penalty : {'r1r2', 'gradient_penalty', 'lecam', 'none'} or Penalty, default 'r1r2'
        Regulariser of the discriminator.
    conditioning : str or Conditioning, default 'projection'
        How the discriminator learns of the class: 'projection', 'concat', 'auxiliary_classifier' or, not at all,
        'unconditional', which is for data of one class.
    d_augment : {'diffaugment', 'ada', 'none'} or DAugment, default 'diffaugment'
        Differentiable augmentation in front of the discriminator. It never shows in the samples.
    max_steps : int or None, default 3000
        Generator updates. Raising it improves samples until copying of the rarest classes sets in.
    max_seconds : float or None, default None
        Wall-clock budget; training ends with whichever of the two budgets is used first. A run that ends by time
        does not repeat exactly.
    batch_size : int, default 64
        Images per step, over all processes together.
    learning_rate, final_learning_rate : float, default 1e-3 and 2e-4
        Adam's rate at the start and at the end; it falls log-linearly with the budget.
    betas : tuple of two floats, default (0.0, 0.99)
        Adam's decay rates.
    ema_half_life : float, default 20000
        Images seen until the averaged generator has forgotten half; 0 switches averaging off.
    n_snapshots : int, default 1
        Generators that samples are drawn from by chance: the last one, and earlier ones of the same training, kept at
        equal distances from its middle on. Raising it costs no training and can make rare classes more diverse; at
        few steps earlier generators are worse ones.
    class_balance : float from 0 to 1, default 0.5
        A class of n samples is drawn in proportion to ``n ** (1 - class_balance)``: 0 keeps the data's
        proportions, 1 shows all classes equally often, which makes the rarest ones copy.
    reconstruction_weight, kl_weight : float, default 2.0 and 0.01
        Weights of the encoder's L1 reconstruction and of its divergence from the prior. Without effect if the
        architecture has no encoder.
    latent_scale : float, default 1.0
        Standard deviation of the latents that samples are drawn from; training always takes 1. Below 1 samples
        become more typical and more alike. Above 1 they become more diverse, and more of them go wrong: raise it
        together with a filter, as in ``SampleBank.from_gan(gan, 500, filters=["confidence"], real=(X, y))``. May be
        changed after `fit`, by `set_params`.
    fine_tune_steps : int, default 0
        Steps for which each class afterwards trains its own copy of the shared networks on its samples alone.
    min_class_size : int, default 20
        Classes with fewer samples are trained with a `SmallClassWarning`.
    image_size : tuple (height, width) or None, default None
        Resize the images of a folder or data set; needed if their sizes differ.
    on_error : {'raise', 'skip'}, default 'raise'
        What to do with an unreadable image: 'skip' leaves it out and counts it in `n_skipped_`.
    cache_dir : path-like or None, default None
        Folder for the memory-mapped cache of a data set that does not fit into memory.
    device : {'auto', 'cpu', 'cuda', 'mps'}, default 'auto'
        'auto' takes a GPU if there is one. Under ``torchrun`` each process takes its own.
    precision : {'auto', '32-true', 'bf16-mixed'}, default 'auto'
        'auto' takes bfloat16 where it was measured to be faster.
    n_threads : int or None, default None
        Threads during `fit` and `sample`. None takes torch's setting, at most the available processors; set
        fewer to leave room for data loader workers that run at the same time.
    verbose : bool or None, default None
        Progress bar: True shows it anywhere, False nowhere, None only in a terminal.
    random_state : None, int, numpy Generator or RandomState, default None
        An int makes `fit` and `sample` repeat exactly on the same machine and device.

    Attributes
    ----------
    classes_ : ndarray
        Labels as they were given.
    class_counts_ : dict
        Training samples of each label.
    generators_ : dict
        Each label's generator: ``generators_[label](n)``.
    layout_ : ImageLayout
        What the training images looked like.
    label_codec_ : LabelCodec
    networks_ : Networks
        Averaged generator, discriminator and encoder.
    history_ : list of dict
        step, seconds, d_loss, g_loss and samples_per_second of each logged interval.
    was_interrupted_ : bool
        Whether Ctrl-C ended the training early; False for a model that was loaded.
    precision_ : str
        The precision that was used.
    class_names_ : dict of label to str
        Names of integer classes where the data set knows them, as those of Hugging Face do; else empty.
    n_skipped_ : int
        Images left out because they were unreadable.

    Notes
    -----
    `fit` takes all that `ganaug.image_data.read_images` reads. With labels y: arrays (N, H, W) or (N, H, W, C),
    tensors (N, C, H, W), lists of PIL images. With labels of their own: data sets of (image, label) pairs, folders
    with one subfolder per class, Hugging Face data sets and Parquet files. Images have 1, 3 or 4 channels and sides
    from 8 to 256 pixels.

    References
    ----------
    Goodfellow et al., "Generative adversarial nets", NeurIPS 2014, arXiv:1406.2661.
    Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024, arXiv:2501.05441 (default loss and penalty).
    Brock et al., "Large scale GAN training for high fidelity natural image synthesis", ICLR 2019, arXiv:1809.11096,
    Section 3.1 (narrower latents trade diversity for fidelity; theirs are cut off, those of `latent_scale` scaled).
    Wang, Zhang and van de Weijer, "Ensembles of generative adversarial networks", 2016, arXiv:1612.00991
    (several generators of one training: self-ensembles).
    Cui et al., "Class-balanced loss based on effective number of samples", CVPR 2019, arXiv:1901.05555 (the
    problem); the tempered sampling is that of Mahajan et al., ECCV 2018, arXiv:1805.00932, Section 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug import ImageGAN
    >>> X = np.random.default_rng(0).integers(0, 255, (64, 8, 8), dtype=np.uint8)
    >>> gan = ImageGAN(max_steps=2, random_state=0).fit(X, ["cat", "dog"] * 32)
    >>> images, labels = gan.sample(3, "dog")
    >>> images.shape, images.dtype.name, labels.tolist()
    ((3, 8, 8), 'uint8', ['dog', 'dog', 'dog'])
    """

    layout_: ImageLayout
    label_codec_: LabelCodec
    _choices: ClassVar[Choices] = IMAGE_CHOICES

    def __init__(
        self,
        architecture: str | Architecture = "residual",
        *,
        loss: str | Loss = "relativistic",
        penalty: str | Penalty | None = "r1r2",
        conditioning: str | Conditioning = "projection",
        d_augment: str | DAugment | None = "diffaugment",
        max_steps: int | None = 3000,
        max_seconds: float | None = None,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        final_learning_rate: float = 2e-4,
        betas: tuple[float, float] = (0.0, 0.99),
        ema_half_life: float = 20_000,
        n_snapshots: int = 1,
        class_balance: float = 0.5,
        reconstruction_weight: float = 2.0,
        kl_weight: float = 0.01,
        latent_scale: float = 1.0,
        fine_tune_steps: int = 0,
        min_class_size: int = 20,
        image_size: tuple[int, int] | None = None,
        on_error: str = "raise",
        cache_dir: Any = None,
        device: str = "auto",
        precision: str = "auto",
        n_threads: int | None = None,
        verbose: bool | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.architecture = architecture
        self.loss = loss
        self.penalty = penalty
        self.conditioning = conditioning
        self.d_augment = d_augment
        self.max_steps = max_steps
        self.max_seconds = max_seconds
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.betas = betas
        self.ema_half_life = ema_half_life
        self.n_snapshots = n_snapshots
        self.class_balance = class_balance
        self.reconstruction_weight = reconstruction_weight
        self.kl_weight = kl_weight
        self.latent_scale = latent_scale
        self.fine_tune_steps = fine_tune_steps
        self.min_class_size = min_class_size
        self.image_size = image_size
        self.on_error = on_error
        self.cache_dir = cache_dir
        self.device = device
        self.precision = precision
        self.n_threads = n_threads
        self.verbose = verbose
        self.random_state = random_state

    def sample_pixels(self, y: Any, random_state: RandomState = None) -> np.ndarray:
        """Draw samples in the form in which a bank keeps them.

        Parameters
        ----------
        y : array of N labels
        random_state : None, int, Generator or RandomState
            As in `sample`.

        Returns
        -------
        ndarray of shape (N, C, H, W), uint8
        """
        check_is_fitted(self)
        seed = as_seed(self.random_state if random_state is None else random_state)
        return to_uint8(self._generate(self.label_codec_.encode(y), seed))

    def _read(self, X: Any, y: Any) -> tuple[Pixels, Tensor]:
        data = read_images(X, y, cache_dir=self.cache_dir, on_error=self.on_error, image_size=self.image_size)
        vars(self).pop("networks_", None)  # Those of an earlier fit do not go with what follows.
        self.layout_, self.label_codec_ = data.layout, data.label_codec
        self.class_names_, self.n_skipped_ = data.class_names, data.n_skipped
        return Pixels(_as_tensor(data.pixels)), torch.from_numpy(self.label_codec_.encode(data.labels))

    def _spec(self) -> DataSpec:
        return DataSpec(self.layout_.shape, len(self.label_codec_))

    def _latents(self, n: int, seed: int) -> Tensor:
        check_number("latent_scale", self.latent_scale, minimum=0)  # it may have changed since `fit`
        return self.latent_scale * super()._latents(n, seed)

    def _decode(self, x: Tensor, seed: int) -> Any:
        return self.layout_.decode(to_uint8(x))

    def _encode(self, X: Any) -> Tensor:
        return _as_tensor(self.layout_.encode(X)).float().div_(127.5).sub_(1)

    def _codec_config(self) -> dict[str, Any]:
        names = [self.class_names_.get(label, "") for label in self.label_codec_.classes]
        named = {"class_names": names} if self.class_names_ else {}
        return {"layout": self.layout_.to_dict(), "n_skipped": self.n_skipped_, **named}

    def _restore_codec(self, config: dict[str, Any]) -> None:
        self.layout_ = ImageLayout.from_dict(config["codec"]["layout"])
        self.n_skipped_ = config["codec"]["n_skipped"]
        self.label_codec_ = LabelCodec.from_list(config["labels"])
        names = zip(self.label_codec_.classes, config["codec"].get("class_names", []), strict=False)
        self.class_names_ = {label: name for label, name in names if name}


def _as_tensor(pixels: np.ndarray) -> Tensor:
    """View an array as a tensor without copying; a memory-mapped one stays on disk."""
    if any(stride < 0 for stride in pixels.strides):
        pixels = pixels.copy()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")  # nothing writes into it
        return torch.from_numpy(pixels)
