"""`VectorGAN`: a conditional GAN on feature vectors, such as the embeddings of texts or images."""

from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from ganaug._parameters import VECTOR_CHOICES, Choices
from ganaug._typing import RandomState
from ganaug.architectures import Architecture
from ganaug.conditioning import Conditioning
from ganaug.losses import Loss
from ganaug.penalties import Penalty
from ganaug.rows import RowGAN
from ganaug.vector_data import VectorCodec, check_vectors


class VectorGAN(RowGAN):
    """Conditional GAN for feature vectors of hundreds of dimensions, whose rare classes borrow from frequent ones.

    Parameters
    ----------
    architecture : {'mlp'} or Architecture, default 'mlp'
        The networks; 'mlp' is here ``MLP(width=256, latent_dim=64, n_blocks=0)``: deeper ones lose the
        class among so many dimensions.
    loss : {'relativistic', 'hinge', 'non_saturating', 'wasserstein'} or Loss, default 'relativistic'
    penalty : {'r1r2', 'lecam', 'none'} or Penalty, default 'r1r2'
        Regulariser of the discriminator; 'r1r2' is here ``R1R2(gamma=1, final_gamma=1, every=4)``.
    conditioning : str or Conditioning, default 'projection'
        How the discriminator learns of the class: 'projection', 'concat', 'auxiliary_classifier' or, not at all,
        'unconditional', which is for data of one class.
    noise : float, default 0.1
        Standard deviation of the noise on standardised real numbers. Raising it smooths the few points of a small
        class into a density, and blurs what is sharp.
    max_steps : int or None, default 1000
        Generator updates. More of them make the samples of a class more alike.
    max_seconds : float or None, default None
        Wall-clock budget; training ends with whichever of the two budgets is used first. A run that ends by time
        does not repeat exactly.
    batch_size : int, default 64
        Vectors per step, over all processes together.
    learning_rate, final_learning_rate : float, default 3e-3 and 1e-4
        Adam's rate at the start and at the end; it falls log-linearly with the budget.
    betas : tuple of two floats, default (0.0, 0.9)
        Adam's decay rates.
    ema_half_life : float, default 10000
        Rows seen until the averaged generator has forgotten half; 0 switches averaging off.
    class_balance : float from 0 to 1, default 1
        A class of n rows is drawn in proportion to ``n ** (1 - class_balance)``: 0 keeps the data's proportions, 1
        shows all classes equally often.
    fine_tune_steps : int, default 0
        Steps for which each class afterwards trains its own copy of the shared networks on its rows alone.
    min_class_size : int, default 10
        Classes with fewer rows are trained with a `SmallClassWarning`.
    min_match_size : int or None, default 20
        Rows of a class from which on each dimension is made to be distributed as in training, once the networks are
        trained (see `ganaug.matching`); None matches no class. Vectors on the unit sphere are put there afterwards,
        which undoes some of it. Classifiers learn more from such samples alone, and no less from them beside real ones
        (``benchmarks/results/vector_gan_defaults.jsonl``). The maps of 77 classes of 384 dimensions take 15 MB.
    unit_norm : bool or 'auto', default 'auto'
        Put samples onto the unit sphere; 'auto' does so if the training vectors lie on it.
    device : {'auto', 'cpu', 'cuda', 'mps'}, default 'cpu'
        A GPU replays steps that it has recorded, and fits in a third of the time of two threads
        (``benchmarks/results/gpu_speed.jsonl``). It has to be asked for, since digits differ between devices and many
        processes would crowd it.
    precision : {'auto', '32-true', 'bf16-mixed'}, default 'auto'
        'auto' is float32 at the default size, at which bfloat16 gains nothing; and bfloat16 for wide networks and
        batches of several hundred rows, where the processor is good at it.
    n_threads : int or None, default 1
        Threads during `fit` and `sample`. At the default size a second gains little, and several fits may run side
        by side.
    verbose : bool or None, default False
        Progress bar: True shows it anywhere, False nowhere, None only in a terminal.
    random_state : None, int, numpy Generator or RandomState, default None
        An int makes `fit` and `sample` repeat exactly on the same machine.

    Attributes
    ----------
    classes_ : ndarray
        Labels as they were given.
    class_counts_ : dict
        Training vectors of each label.
    generators_ : dict
        Each label's generator: ``generators_[label](n)``.
    codec_ : VectorCodec
    label_codec_ : LabelCodec
    networks_ : Networks
        Averaged generator, and discriminator.
    history_ : list of dict
        step, seconds, d_loss, g_loss and samples_per_second of each logged interval.
    was_interrupted_ : bool
        Whether Ctrl-C ended the training early; False for a model that was loaded.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only for frames whose column names are all strings.
    precision_ : str

    Notes
    -----
    `fit` takes arrays and tensors of shape (N, D), and DataFrames of numbers; samples are arrays of shape (N, D), and
    for DataFrames DataFrames with the same columns: float32 if all columns are, else float64, of integers too.

    References
    ----------
    Xian et al., "Feature generating networks for zero-shot learning", CVPR 2018, arXiv:1712.00981 (a GAN on features).
    Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024, arXiv:2501.05441 (default loss and penalty).

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug import VectorGAN
    >>> X = np.random.default_rng(0).normal(size=(60, 8)).astype("float32")
    >>> gan = VectorGAN(max_steps=2, random_state=0).fit(X, ["rare", "common", "common"] * 20)
    >>> vectors, labels = gan.sample(2, "rare")
    >>> vectors.shape, vectors.dtype.name
    ((2, 8), 'float32')
    """

    codec_: VectorCodec
    _choices: ClassVar[Choices] = VECTOR_CHOICES

    def __init__(
        self,
        architecture: str | Architecture = "mlp",
        *,
        loss: str | Loss = "relativistic",
        penalty: str | Penalty | None = "r1r2",
        conditioning: str | Conditioning = "projection",
        noise: float = 0.1,
        max_steps: int | None = 1000,
        max_seconds: float | None = None,
        batch_size: int = 64,
        learning_rate: float = 3e-3,
        final_learning_rate: float = 1e-4,
        betas: tuple[float, float] = (0.0, 0.9),
        ema_half_life: float = 10_000,
        class_balance: float = 1.0,
        fine_tune_steps: int = 0,
        min_class_size: int = 10,
        min_match_size: int | None = 20,
        unit_norm: bool | str = "auto",
        device: str = "cpu",
        precision: str = "auto",
        n_threads: int | None = 1,
        verbose: bool | None = False,
        random_state: RandomState = None,
    ) -> None:
        self.architecture = architecture
        self.loss = loss
        self.penalty = penalty
        self.conditioning = conditioning
        self.noise = noise
        self.max_steps = max_steps
        self.max_seconds = max_seconds
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.betas = betas
        self.ema_half_life = ema_half_life
        self.class_balance = class_balance
        self.fine_tune_steps = fine_tune_steps
        self.min_class_size = min_class_size
        self.min_match_size = min_match_size
        self.unit_norm = unit_norm
        self.device = device
        self.precision = precision
        self.n_threads = n_threads
        self.verbose = verbose
        self.random_state = random_state

    def make_codec(self, X: Any) -> VectorCodec:
        """Return a `VectorCodec` that has learned X."""
        return VectorCodec.fit(X, self._wants_unit_norm(X))

    def _wants_unit_norm(self, X: Any) -> bool:
        if isinstance(self.unit_norm, (bool, np.bool_)):
            return bool(self.unit_norm)
        if self.unit_norm != "auto":
            raise ValueError(f"unit_norm must be True, False or 'auto', got {self.unit_norm!r}.")
        return bool(np.allclose(np.linalg.norm(check_vectors(X), axis=1), 1, atol=1e-3))

    def _decode(self, x: Tensor, seed: int) -> Any:
        return self.codec_.decode(x.numpy())

    def _codec_from(self, values: dict[str, Any]) -> VectorCodec:
        return VectorCodec.from_dict(values)
