"""`TableGAN`: a conditional GAN on tables of mixed columns."""

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor

from ganaug._parameters import TABLE_CHOICES, Choices
from ganaug._typing import RandomState
from ganaug.architectures import MLP, Architecture
from ganaug.conditioning import Conditioning
from ganaug.losses import Loss
from ganaug.penalties import Penalty
from ganaug.rows import RowGAN
from ganaug.table_data import FileColumns, TableCodec
from ganaug.training_data import Rows

_MOST_NARROW = 24  # columns


class TableGAN(RowGAN):
    """Conditional GAN for tables: one generator over all classes, so rare ones borrow from frequent ones.

    Parameters
    ----------
    architecture : {'mlp'} or Architecture, default 'mlp'
        The networks. Objects such as ``MLP(width=256)`` change their size; 'mlp' is ``MLP()``, for tables of more than
        24 columns that vary ``MLP(latent_dim=64)``, lest independent columns come out correlated.
    loss : {'relativistic', 'hinge', 'non_saturating', 'wasserstein'} or Loss, default 'relativistic'
    penalty : {'r1r2', 'lecam', 'none'} or Penalty, default 'r1r2'
        Regulariser of the discriminator; 'r1r2' is here ``R1R2(gamma=1, final_gamma=1, every=4)``.
    conditioning : str or Conditioning, default 'concat'
        How the discriminator learns of the class: 'concat', 'projection', 'auxiliary_classifier' or, not at all,
        'unconditional', which is for data of one class.
    noise : float, default 0.2
        Standard deviation of the noise on standardised real numbers. Raising it smooths the few points of a small
        class into a density, and blurs what is sharp.
    max_steps : int, 'auto' or None, default 'auto'
        Generator updates. Raising it improves samples, of large tables above all; twice the 600 that small tables get
        by 'auto' gained .009 ± .009 in classifiers' balanced accuracy and .013 ± .010 in average precision
        (``benchmarks/results/table_gan_defaults.jsonl``). 'auto' takes a fifth of the number of rows, at least 600 (for
        tables of more than 24 columns that vary 1200) and at most 4000; None leaves the end to `max_seconds`.
    max_seconds : float or None, default None
        Wall-clock budget; training ends with whichever of the two budgets is used first. A run that ends by time
        does not repeat exactly.
    batch_size : int, default 64
        Rows per step, over all processes together.
    learning_rate, final_learning_rate : float, default 3e-3 and 5e-4
        Adam's rate at the start and at the end; it falls log-linearly with the budget. Short runs need the end not too
        low: 1e-4 with 600 steps loses .01 in balanced accuracy and .03 in average precision (in the same file).
    betas : tuple of two floats, default (0.0, 0.9)
        Adam's decay rates.
    ema_half_life : float, default 10000
        Rows seen until the averaged generator has forgotten half; 0 switches averaging off. It averages no further back
        than over a tenth of the steps so far, so that the default counts from some 2,000 steps on.
    class_balance : float from 0 to 1, default 1
        A class of n rows is drawn in proportion to ``n ** (1 - class_balance)``: 0 keeps the data's proportions, 1
        shows all classes equally often.
    fine_tune_steps : int, default 0
        Steps for which each class afterwards trains its own copy of the shared networks on its rows alone.
    min_class_size : int, default 10
        Classes with fewer rows are trained with a `SmallClassWarning`.
    min_match_size : int or None, default 60
        Rows of a class from which on each of its columns is made to be distributed as in training, once the networks
        are trained (see `ganaug.matching`); None matches no class. As extra rows, matched ones were better on Adult
        with 60 to 2,000 rows of the rare class, fewer were not tried there; on small tables, most of them of numbers
        and with fewer rare rows, it made no difference (``benchmarks/results/table_gan_defaults.jsonl``).
    discrete_columns : sequence of names or positions, or None, default None
        Numeric columns to treat as categories: codes, and integers of few values that go with other columns, which
        quantities would blur. Columns that follow from a category altogether, as the number of a grade from its name,
        need not be named: see `ganaug.table_data.dependencies`.
    max_categories : int, default 64
        Categories of a column that are told apart; the rest, the rarest, become one and are drawn by their
        frequencies. A warning says which columns that concerns.
    device : {'auto', 'cpu', 'cuda', 'mps'}, default 'cpu'
        A GPU replays steps that it has recorded, and fits 1,000 rows in a quarter, 50,000 rows in a fifth of the time
        of two threads (``benchmarks/results/gpu_speed.jsonl``). It has to be asked for, since digits differ between
        devices and many processes would crowd it.
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
        Training rows of each label.
    generators_ : dict
        Each label's generator: ``generators_[label](n)``.
    codec_ : TableCodec
    label_codec_ : LabelCodec
    networks_ : Networks
        Averaged generator, and discriminator.
    history_ : list of dict
        step, seconds, d_loss, g_loss and samples_per_second of each logged interval.
    was_interrupted_ : bool
        Whether Ctrl-C ended the training early; False for a model that was loaded.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only if all column names are strings.
    precision_ : str
    file_columns_ : FileColumns or None
        How the file was laid out from which ``ganaug fit`` made the model; so are the samples of ``ganaug sample``.

    Notes
    -----
    `fit` takes DataFrames with columns of numbers, decimals, booleans, dates, times, durations, periods, categories,
    strings or other hashable objects of one type, with missing values anywhere; 2-D arrays and lists of rows. Samples
    come back with the same columns, order and types, and are numbered: the labels of an index belong to real rows. See
    `ganaug.table_data.TableCodec` for how columns are represented.

    References
    ----------
    Xu et al., "Modeling tabular data using conditional GAN", NeurIPS 2019, arXiv:1907.00503 (the problem, and one-hot
    samples by Gumbel-softmax).
    Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024, arXiv:2501.05441 (default loss and penalty).

    Examples
    --------
    >>> import numpy as np
    >>> from ganaug import TableGAN
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> gan = TableGAN(max_steps=2, random_state=0).fit(X, ["rare", "common", "common"] * 20)
    >>> rows, labels = gan.sample(2, "rare")
    >>> rows.shape, rows.dtype.name, labels.tolist()
    ((2, 3), 'float64', ['rare', 'rare'])
    """

    codec_: TableCodec
    file_columns_: FileColumns | None = None
    _choices: ClassVar[Choices] = TABLE_CHOICES
    _automatic: ClassVar[frozenset[str]] = frozenset({"max_steps"})

    def __init__(
        self,
        architecture: str | Architecture = "mlp",
        *,
        loss: str | Loss = "relativistic",
        penalty: str | Penalty | None = "r1r2",
        conditioning: str | Conditioning = "concat",
        noise: float = 0.2,
        max_steps: int | str | None = "auto",
        max_seconds: float | None = None,
        batch_size: int = 64,
        learning_rate: float = 3e-3,
        final_learning_rate: float = 5e-4,
        betas: tuple[float, float] = (0.0, 0.9),
        ema_half_life: float = 10_000,
        class_balance: float = 1.0,
        fine_tune_steps: int = 0,
        min_class_size: int = 10,
        min_match_size: int | None = 60,
        discrete_columns: Sequence[Any] | None = None,
        max_categories: int = 64,
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
        self.discrete_columns = discrete_columns
        self.max_categories = max_categories
        self.device = device
        self.precision = precision
        self.n_threads = n_threads
        self.verbose = verbose
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def _plain_params(self) -> dict[str, Any]:
        given = self.discrete_columns
        return {**super()._plain_params(), "discrete_columns": None if given is None else list(given)}

    def _n_steps(self, n_samples: int) -> int | None:
        if self.max_steps != "auto":
            return super()._n_steps(n_samples)
        return min(max(1200 if self._is_wide() else 600, n_samples // 5), 4000)

    def _given(self, name: str) -> Any:
        if name == "architecture" and self.architecture == "mlp" and self._is_wide():
            return MLP(latent_dim=64)
        return super()._given(name)

    def _is_wide(self) -> bool:
        codec = getattr(self, "codec_", None)  # of an earlier fit, while parameters are checked
        return codec is not None and codec.n_varying > _MOST_NARROW

    def make_codec(self, X: Any) -> TableCodec:
        """Return a `TableCodec` that has learned X."""
        return TableCodec.fit(X, discrete_columns=self.discrete_columns, max_categories=self.max_categories)

    def _read(self, X: Any, y: Any) -> tuple[Rows, Tensor]:
        rows = super()._read(X, y)
        vars(self).pop("file_columns_", None)  # Those of an earlier fit.
        return rows

    def _codec_config(self) -> dict[str, Any]:
        columns = self.file_columns_
        return {**super()._codec_config(), "file_columns": None if columns is None else columns._asdict()}

    def _restore_codec(self, config: dict[str, Any]) -> None:
        super()._restore_codec(config)
        if (columns := config["codec"].get("file_columns")) is not None:
            self.file_columns_ = FileColumns.from_dict(columns)

    def _decode(self, x: Tensor, seed: int) -> Any:
        return self.codec_.decode(x.numpy(), seed)

    def _codec_from(self, values: dict[str, Any]) -> TableCodec:
        return TableCodec.from_dict(values)
