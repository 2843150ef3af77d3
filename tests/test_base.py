import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from _tiny import DEVICE, make_bars, tiny_gan
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import ganaug
from ganaug import ImageGAN, base
from ganaug._parameters import resolve
from ganaug.architectures import DCGAN, Residual
from ganaug.batches import Batches
from ganaug.checkpoint import Checkpoint
from ganaug.diffaugment import ADA
from ganaug.exceptions import GanaugWarning, ModelFormatError, SmallClassWarning
from ganaug.losses import Hinge
from ganaug.penalties import LeCam

X, Y = make_bars()
NAMES = np.array(["left", "right"])[Y]


@pytest.fixture(scope="module", name="gan")
def fitted():
    return tiny_gan(max_steps=5).fit(X, NAMES)


class TestFit:
    def test_fit_returns_the_estimator_and_learns_the_classes(self, gan):
        assert gan.classes_.tolist() == ["left", "right"]
        assert gan.class_counts_ == {"left": 24, "right": 24}
        assert gan.history_[-1]["step"] == 5
        assert gan.precision_ == "32-true"
        assert gan.n_skipped_ == 0

    @pytest.mark.parametrize("changes", [{}, {"architecture": DCGAN(latent_dim=4)}, {"precision": "bf16-mixed"}])
    def test_random_state_repeats_fit_and_sample_exactly(self, changes):
        first, second = (tiny_gan(**changes).fit(X, NAMES) for _ in range(2))
        assert np.array_equal(first.sample(20)[0], second.sample(20)[0])
        assert np.array_equal(first.score_samples(X, NAMES), second.score_samples(X, NAMES))

    def test_random_state_makes_the_difference(self):
        assert not np.array_equal(*(tiny_gan(random_state=seed).fit(X, Y).sample(9, 0)[0] for seed in (1, 2)))

    def test_numpy_generators_are_taken(self):
        samples = [tiny_gan(random_state=np.random.default_rng(3)).fit(X, Y).sample(5)[0] for _ in range(2)]
        assert np.array_equal(*samples)

    def test_global_random_numbers_and_threads_are_left_alone(self):
        states = torch.get_rng_state(), torch.get_num_threads(), np.random.get_state()[1].copy()  # noqa: NPY002
        tiny_gan(max_steps=1, n_threads=2).fit(X, Y).sample(3)
        assert torch.equal(torch.get_rng_state(), states[0])
        assert torch.get_num_threads() == states[1]
        assert np.array_equal(np.random.get_state()[1], states[2])  # noqa: NPY002

    def test_threads_fit_what_one_alone_fits(self):
        def fit(seed):
            return tiny_gan(random_state=seed, fine_tune_steps=2).fit(X, NAMES).sample(20, random_state=1)[0]

        alone = [fit(seed) for seed in range(2)]
        with ThreadPoolExecutor(2) as pool:
            assert np.array_equal(list(pool.map(fit, range(2))), alone)

    def test_callbacks_draw_from_the_callers_random_numbers(self):
        drawn = []
        torch.manual_seed(4)
        expected = [torch.rand(1).item() for _ in range(3)]
        alone = tiny_gan(max_steps=3).fit(X, NAMES)
        torch.manual_seed(4)
        watched = tiny_gan(max_steps=3).fit(X, NAMES, callbacks=[lambda _: drawn.append(torch.rand(1).item())])
        assert drawn == expected
        assert np.array_equal(watched.sample(9)[0], alone.sample(9)[0])

    def test_data_are_not_changed(self):
        copy = X.copy()
        tiny_gan(d_augment="diffaugment").fit(copy, Y)
        assert np.array_equal(copy, X)

    def test_fit_is_quiet_when_not_a_terminal(self, capfd):
        tiny_gan(fine_tune_steps=1).fit(X, Y)
        assert capfd.readouterr() == ("", "")

    def test_verbose_shows_progress_anywhere(self, capsys):
        tiny_gan(verbose=True, fine_tune_steps=1).fit(X, NAMES)
        shown = capsys.readouterr().err
        assert "fit 100%" in shown
        assert "class right 100%" in shown

    def test_interrupted_fit_is_usable(self):
        def interrupt(state):
            raise KeyboardInterrupt

        with pytest.warns(GanaugWarning, match="interrupted at step 1"):
            gan = tiny_gan(fine_tune_steps=5).fit(X, Y, callbacks=[interrupt])
        assert gan.sample(3, 1)[0].shape == (3, 8, 8)

    def test_second_fit_starts_anew(self):
        gan = tiny_gan()
        once = gan.fit(X, Y).sample(4)[0]
        assert np.array_equal(gan.fit(X, Y).sample(4)[0], once)
        gan.fit(X[:, :, :, None].repeat(3, axis=3), np.full(len(X), "only"))
        assert gan.sample(2)[0].shape == (2, 8, 8, 3)
        assert gan.classes_.tolist() == ["only"]

    def test_time_budget_ends_training(self):
        gan = tiny_gan(max_steps=None, max_seconds=0.2).fit(X, Y)
        assert 0.2 <= gan.history_[-1]["seconds"] < 5

    def test_small_classes_warn_and_one_sample_does_not_crash(self):
        y = ["few"] * 5 + ["one"] + ["many"] * 42
        with pytest.warns(SmallClassWarning, match="2 of 3 classes have fewer than min_class_size=20 sam") as seen:
            gan = tiny_gan(min_class_size=20, fine_tune_steps=1).fit(X, y)
        assert "'few' (5), 'one' (1)" in str(seen[0].message)
        assert "look at `ganaug audit`" in str(seen[0].message)
        assert seen[0].filename == __file__
        assert gan.sample(2, "one")[0].shape == (2, 8, 8)

    def test_networks_that_tell_no_classes_apart_warn(self):
        with pytest.warns(GanaugWarning, match="do not tell 2 classes apart") as seen:
            tiny_gan(conditioning="unconditional").fit(X, Y)
        assert seen[0].filename == __file__
        tiny_gan(conditioning="unconditional").fit(X, ["a"] * len(X))

    def test_a_data_set_of_one_image_trains(self):
        assert tiny_gan().fit(X[:1], ["a"]).sample(3)[1].tolist() == ["a"] * 3


class TestParameters:
    def test_parameters_round_trip(self):
        gan = tiny_gan(loss=Hinge(), penalty=LeCam(weight=0.2))
        twin = clone(gan)
        assert twin.get_params() == gan.get_params()
        assert twin.set_params(loss="hinge").loss == "hinge"
        assert "LeCam(weight=0.2" in repr(gan)

    def test_init_stores_what_it_is_given(self):
        betas, penalty = [0.0, 0.9], object()
        gan = ImageGAN(betas=betas, penalty=penalty, max_steps="nonsense")
        assert gan.betas is betas
        assert gan.penalty is penalty

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"architecture": "residua"}, r"Unknown architecture 'residua'; choose from .* Did you mean 'residual'\?"),
            ({"loss": "hing"}, r"Unknown loss 'hing'; choose from .* Did you mean 'hinge'\?"),
            ({"penalty": "r1"}, r"Unknown penalty 'r1'; choose from .* Did you mean 'r1r2'\?"),
            ({"conditioning": "projektion"}, r"Unknown conditioning .* Did you mean 'projection'\?"),
            ({"d_augment": "adda"}, r"Unknown d_augment 'adda'; choose from .* Did you mean 'ada'\?"),
            ({"device": "gpu"}, "Unknown device 'gpu'; choose from 'auto'"),
            ({"precision": "16-mixed"}, r"Unknown precision '16-mixed'; .* Did you mean 'bf16-mixed'\?"),
            ({"batch_size": 1}, "batch_size must be an integer from 2 up, got 1"),
            ({"max_steps": 0}, "max_steps must be an integer from 1 up, got 0"),
            ({"max_seconds": -1}, "max_seconds must be a number from 0.001 up, got -1"),
            ({"max_steps": None}, "max_steps and max_seconds are both None; give at least one"),
            ({"learning_rate": 0}, "learning_rate must be a number from 1e-09 to 1, got 0"),
            ({"final_learning_rate": 2.0}, "final_learning_rate must be a number from 1e-09 to 1, got 2.0"),
            ({"learning_rate": float("nan")}, "learning_rate must be a number from 1e-09 to 1, got nan"),
            ({"betas": (0.0, 1.0)}, "betas must be a number from 0 to 0.9999999, got 1.0"),
            ({"class_balance": 1.5}, "class_balance must be a number from 0 to 1, got 1.5"),
            ({"ema_half_life": -1}, "ema_half_life must be a number from 0 up, got -1"),
            ({"reconstruction_weight": -1}, "reconstruction_weight must be a number from 0 up, got -1"),
            ({"kl_weight": -1}, "kl_weight must be a number from 0 up, got -1"),
            ({"latent_scale": -1}, "latent_scale must be a number from 0 up, got -1"),
            ({"n_snapshots": 0}, "n_snapshots must be an integer from 1 up, got 0"),
            ({"fine_tune_steps": -1}, "fine_tune_steps must be an integer from 0 up, got -1"),
            ({"min_class_size": -1}, "min_class_size must be an integer from 0 up, got -1"),
            ({"n_threads": 0}, "n_threads must be an integer from 1 to 1024, got 0"),
            ({"random_state": -1}, r"random_state must be from 0 to 2\*\*63 - 1, got -1"),
        ],
    )
    def test_bad_values_are_refused_before_the_data_is_read(self, changes, message):
        with pytest.raises(ValueError, match=message):
            tiny_gan(**changes).fit("no such folder", None)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"loss": Hinge}, r"loss is the class Hinge; pass an object of it: Hinge\(\)"),
            ({"loss": None}, "loss must be one of .* got None of type NoneType, which lacks d_loss, g_loss"),
            ({"penalty": Hinge()}, "penalty must be one of .* which lacks start, every, uses_logits"),
            ({"architecture": 5}, "architecture must be one of .*, or an object with build, latent_dim; got 5"),
            ({"conditioning": None}, "conditioning must be one of"),
            ({"d_augment": 0.5}, "d_augment must be one of .* which lacks start, n_draws"),
            ({"batch_size": 8.0}, "batch_size must be an integer, got 8.0 of type float"),
            ({"max_steps": "100"}, "max_steps must be an integer or None, got '100' of type str"),
            ({"betas": 0.9}, "betas must be a pair of numbers, got 0.9"),
            ({"verbose": 2}, "verbose must be True, False or None, got 2"),
            ({"random_state": "0"}, "random_state must be None, an int, a numpy Generator"),
        ],
    )
    def test_bad_types_are_refused_before_the_data_is_read(self, changes, message):
        with pytest.raises(TypeError, match=message):
            tiny_gan(**changes).fit("no such folder", None)

    def test_none_stands_for_no_penalty_and_no_augmentation(self):
        assert tiny_gan(penalty=None, d_augment=None).fit(X, Y).sample(2)[0].shape == (2, 8, 8)

    def test_batch_must_divide_over_processes(self):
        with pytest.raises(ValueError, match=r"batch_size is 9, which 2 processes cannot share equally; .* of 4"):
            tiny_gan(batch_size=9)._check_batch_size(2)


class TestSample:
    def test_default_is_one_sample(self, gan):
        images, labels = gan.sample()
        assert (images.shape, labels.shape) == ((1, 8, 8), (1,))

    def test_label_for_all(self, gan):
        images, labels = gan.sample(3, "right")
        assert (images.shape, labels.tolist()) == ((3, 8, 8), ["right"] * 3)
        assert gan.sample(y="left")[1].tolist() == ["left"]

    @pytest.mark.parametrize("make", [list, tuple, np.array, lambda y: np.array(y, dtype=object)])
    def test_label_for_each(self, gan, make):
        wanted = ["left", "right", "right"]
        assert gan.sample(y=make(wanted))[1].tolist() == wanted
        assert gan.sample(3, make(wanted))[0].shape == (3, 8, 8)

    @pytest.mark.parametrize("make", [list, tuple, np.array, torch.tensor])
    def test_array_of_one_label_is_an_array(self, make):
        gan = tiny_gan(max_steps=1).fit(X, Y)
        assert gan.sample(y=make([1]))[1].tolist() == [1]
        assert gan.sample(2, np.int64(1))[1].tolist() == [1, 1]
        assert gan.sample(2, torch.tensor(1))[1].tolist() == [1, 1]

    def test_training_proportions_are_the_default(self):
        y = [0] * 12 + [1] * 36
        counts = np.bincount(tiny_gan(max_steps=1).fit(X, y).sample(4000)[1])
        assert counts[1] == pytest.approx(3000, abs=150)

    def test_tuples_are_labels_where_the_classes_are_tuples(self):
        labels = [("a", 1), ("b", 2)]
        gan = tiny_gan(max_steps=1).fit(X, [labels[k] for k in Y])
        assert gan.sample(2, ("a", 1))[1].tolist() == [("a", 1)] * 2
        assert gan.sample(y=[("b", 2), ("a", 1)])[1].tolist() == [("b", 2), ("a", 1)]

    def test_counts_by_label_are_refused_with_the_way_to_ask_for_them(self, gan):
        with pytest.raises(TypeError, match=r"y must be .*, got a dict of 1; pass np.repeat\(list\(counts\)"):
            gan.sample(y={gan.label_codec_.classes[0]: 500})

    def test_no_samples_are_fine(self, gan):
        images, labels = gan.sample(0)
        assert (images.shape, labels.shape) == ((0, 8, 8), (0,))

    def test_int_seed_repeats_and_differs_between_calls_without(self, gan):
        assert np.array_equal(gan.sample(5, random_state=3)[0], gan.sample(5, random_state=3)[0])
        assert not np.array_equal(gan.sample(5, random_state=3)[0], gan.sample(5, random_state=4)[0])
        fresh = clone(gan).set_params(random_state=None).fit(X, Y)
        assert not np.array_equal(fresh.sample(5, 0)[0], fresh.sample(5, 0)[0])

    def test_many_samples_are_made_in_parts(self, gan, monkeypatch):
        whole = gan.sample(20, "left")[0].astype(int)
        monkeypatch.setattr(base.BaseGAN, "_sampling_batch", 7)
        assert abs(gan.sample(20, "left")[0].astype(int) - whole).max() <= 1

    def test_generators_draw_their_class(self, gan):
        assert list(gan.generators_) == ["left", "right"]
        images = gan.generators_["right"](4, random_state=5)
        assert np.array_equal(images, gan.sample(4, "right", random_state=5)[0])
        assert repr(gan.generators_["right"]) == "ClassGenerator('right' of ImageGAN)"

    @pytest.mark.parametrize(("n", "y"), [(2, ["left"]), (1, ["left", "right"])])
    def test_lengths_must_agree(self, gan, n, y):
        with pytest.raises(ValueError, match=f"n is {n} but y has {len(y)} labels; leave n out, or pass one label"):
            gan.sample(n, y)

    @pytest.mark.parametrize("y", ["rihgt", ["left", "rihgt"]])
    def test_unseen_label_is_refused_with_a_suggestion(self, gan, y):
        with pytest.raises(ValueError, match=r"Unknown label 'rihgt'; .* Did you mean 'right'\?"):
            gan.sample(y=y)

    @pytest.mark.parametrize(("n", "error"), [(-1, ValueError), (1.5, TypeError), ("right", TypeError)])
    def test_bad_counts_are_refused(self, gan, n, error):
        with pytest.raises(error, match="n must be an integer"):
            gan.sample(n)

    @pytest.mark.parametrize(
        "use",
        [
            lambda gan: gan.sample(),
            lambda gan: gan.sample_pixels([0]),
            lambda gan: gan.score_samples(X, Y),
            lambda gan: gan.generators_,
            lambda gan: gan.classes_,
            lambda gan: gan.class_counts_,
            lambda gan: gan.save("nowhere"),
        ],
    )
    def test_everything_asks_for_fit_first(self, use):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            use(tiny_gan())


class TestScore:
    def test_one_logit_for_each_sample(self, gan):
        scores = gan.score_samples(X, NAMES)
        assert (scores.shape, scores.dtype) == ((48,), np.float32)
        assert np.isfinite(scores).all()
        np.testing.assert_allclose(gan.score_samples(X[5:7], NAMES[5:7]), scores[5:7], rtol=1e-3, atol=1e-5)

    def test_scores_depend_on_the_label(self, gan):
        assert not np.allclose(gan.score_samples(X, NAMES), gan.score_samples(X, NAMES[::-1]))

    def test_large_sets_are_scored_in_parts(self, gan, monkeypatch):
        whole = gan.score_samples(X, NAMES)
        monkeypatch.setattr(base.BaseGAN, "_sampling_batch", 7)
        np.testing.assert_allclose(gan.score_samples(X, NAMES), whole, rtol=1e-3, atol=1e-5)

    def test_lengths_must_agree(self, gan):
        with pytest.raises(ValueError, match="X has 48 samples and y has 2 labels"):
            gan.score_samples(X, NAMES[:2])


@pytest.fixture(scope="module", name="tuned")
def fine_tuned():
    return tiny_gan(max_steps=5, fine_tune_steps=3).fit(X, NAMES)


class TestFineTuning:
    def test_each_class_gets_its_own_generator_from_the_trunk(self, gan, tuned):
        assert not np.array_equal(tuned.sample(5, "left")[0], gan.sample(5, "left")[0])
        assert len(tuned.history_) == len(gan.history_)
        np.testing.assert_array_equal(tuned.score_samples(X, NAMES), gan.score_samples(X, NAMES))

    def test_mixed_batches_go_to_their_generators(self, tuned):
        mixed = tuned.sample(y=["left", "right", "left"], random_state=1)[0].astype(int)
        left = tuned.sample(3, "left", random_state=1)[0].astype(int)
        assert abs(mixed[[0, 2]] - left[[0, 2]]).max() <= 1

    def test_fine_tuned_model_is_saved_whole(self, tuned, tmp_path):
        tuned.save(tmp_path / "m")
        assert np.array_equal(ganaug.load(tmp_path / "m").sample(9)[0], tuned.sample(9)[0])

    @pytest.mark.parametrize("balance", [0.0, 1.0])
    def test_batches_are_balanced_as_asked_and_fine_tuning_sees_one_class(self, balance, monkeypatch):
        made = []

        class Spy(Batches):
            def __init__(self, y, balance, only=None):
                made.append((balance, only))
                super().__init__(y, balance, only)

        monkeypatch.setattr(base, "Batches", Spy)
        tiny_gan(class_balance=balance, fine_tune_steps=1).fit(X, NAMES)
        assert made == [(balance, None), (balance, 0), (balance, 1)]

    def test_interruption_leaves_the_trunk_to_the_other_classes(self, gan, monkeypatch):
        train = base.training.train

        def interrupt_the_first_class(state, callbacks):
            def interrupt(state):
                if state.batches.shares.count_nonzero() == 1:
                    raise KeyboardInterrupt

            train(state, [interrupt, *callbacks])

        monkeypatch.setattr(base.training, "train", interrupt_the_first_class)
        with pytest.warns(GanaugWarning, match="interrupted at step 1"):
            tuned = tiny_gan(max_steps=5, fine_tune_steps=3).fit(X, NAMES)
        assert np.array_equal(tuned.sample(5, "right")[0], gan.sample(5, "right")[0])
        assert not np.array_equal(tuned.sample(5, "left")[0], gan.sample(5, "left")[0])


@pytest.fixture(scope="module", name="several")
def with_snapshots():
    return tiny_gan(max_steps=6, n_snapshots=3, learning_rate=0.01, final_learning_rate=0.01).fit(X, NAMES)


class TestSnapshots:
    def test_samples_come_from_each_generator_about_equally_often(self, several):
        y = np.zeros(3000, int)
        seen = several._generate(y, 0)
        makers = [several.networks_.generator, *several._snapshots]
        with several._inference():
            z, c = several._latents(len(y), 0).to(DEVICE), torch.from_numpy(y).to(DEVICE)
            made = torch.stack([generator(z, c) for generator in makers]).cpu()
        distances = (made - seen).abs().amax(dim=(2, 3, 4))
        assert distances.min(dim=0).values.max() < 1e-4
        counts = distances.argmin(dim=0).bincount(minlength=3)
        assert counts.min() > 900

    def test_training_is_that_of_a_single_one(self, several):
        single = tiny_gan(max_steps=6, learning_rate=0.01, final_learning_rate=0.01).fit(X, NAMES)
        np.testing.assert_array_equal(single.score_samples(X, NAMES), several.score_samples(X, NAMES))
        assert not np.array_equal(single.sample(9, "left")[0], several.sample(9, "left")[0])

    def test_they_are_saved_and_pickled(self, several, tmp_path):
        several.save(tmp_path / "m")
        for copied in (ganaug.load(tmp_path / "m"), pickle.loads(pickle.dumps(several))):
            assert np.array_equal(copied.sample(20)[0], several.sample(20)[0])

    def test_a_class_with_a_generator_of_its_own_uses_that_alone(self):
        gan = tiny_gan(max_steps=4, n_snapshots=2, fine_tune_steps=1).fit(X, NAMES)
        alone = tiny_gan(max_steps=4, fine_tune_steps=1).fit(X, NAMES)
        assert np.array_equal(gan.sample(20)[0], alone.sample(20)[0])


@dataclass(frozen=True)
class LeastSquares:
    """A loss from outside the package."""

    margin: float = 1.0
    shares_backward: ClassVar[bool] = False

    def d_loss(self, real, fake):
        return (real - self.margin).square().mean() + fake.square().mean()

    def g_loss(self, real, fake):
        return (fake - self.margin).square().mean()


VARIANTS = {
    "default": {},
    "spectral norm": {"architecture": Residual(width=8, latent_dim=4, encoder=False, spectral_norm=True)},
    "dcgan": {"architecture": DCGAN(latent_dim=4), "conditioning": "concat"},
    "auxiliary": {"conditioning": "auxiliary_classifier", "d_augment": ADA()},
}


class TestSaving:
    @pytest.mark.parametrize("variant", VARIANTS)
    def test_loaded_model_equals_the_saved_one(self, tmp_path, variant):
        gan = tiny_gan(**VARIANTS[variant]).fit(X, NAMES)
        gan.save(tmp_path / "m")
        loaded = ganaug.load(tmp_path / "m")
        # Names have become the recipes they stood for, so that a later default does not change the model.
        assert loaded.get_params() == {**gan.get_params(), **resolve(gan)}
        assert np.array_equal(loaded.sample(9)[0], gan.sample(9)[0])
        assert np.array_equal(loaded.score_samples(X, NAMES), gan.score_samples(X, NAMES))
        assert loaded.history_ == gan.history_
        assert loaded.class_counts_ == gan.class_counts_
        assert loaded.layout_ == gan.layout_
        loaded.save(tmp_path / "again")
        for name in ("config.json", "weights.safetensors"):
            assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "m" / name).read_bytes()

    @pytest.mark.parametrize("variant", VARIANTS)
    def test_pickled_model_equals_the_original(self, variant):
        gan = tiny_gan(**VARIANTS[variant]).fit(X, NAMES)
        twin = pickle.loads(pickle.dumps(gan))
        assert np.array_equal(twin.sample(9)[0], gan.sample(9)[0])
        assert np.array_equal(twin.score_samples(X, NAMES), gan.score_samples(X, NAMES))

    def test_pickled_model_loads_where_there_is_no_gpu(self, gan, monkeypatch):
        twin = clone(gan).fit(X, NAMES)
        twin.device = "cuda"
        monkeypatch.setitem(ganaug.devices._DEVICES, "cuda", lambda: False)
        assert pickle.loads(pickle.dumps(twin)).device == "auto"

    def test_loading_draws_no_global_random_numbers(self, gan, tmp_path):
        gan.save(tmp_path / "m")
        before = torch.get_rng_state()
        ganaug.load(tmp_path / "m").sample(2)
        assert torch.equal(torch.get_rng_state(), before)

    @pytest.mark.parametrize("changes", [{}, {"fine_tune_steps": 1}, {"n_snapshots": 3}])
    def test_pickle_is_no_larger_than_the_weights(self, changes):
        X, y = make_bars()
        gan = tiny_gan(architecture=Residual(width=32), **changes).fit(X, y)
        n_bytes = sum(tensor.nbytes for tensor in gan._weights().values())
        assert len(pickle.dumps(gan)) < 1.2 * n_bytes

    def test_fine_tuned_model_pickles(self, tuned):
        assert np.array_equal(pickle.loads(pickle.dumps(tuned)).sample(9)[0], tuned.sample(9)[0])

    def test_unfitted_model_pickles(self):
        assert pickle.loads(pickle.dumps(tiny_gan())).get_params() == tiny_gan().get_params()

    @pytest.mark.parametrize("labels", [[3, 7], [("a", 1), ("b", 2)], [b"x", b"y"], [True, False], [0.5, "s"]])
    def test_labels_of_any_kind_are_saved(self, tmp_path, labels):
        gan = tiny_gan(max_steps=1).fit(X, [labels[k] for k in Y])
        gan.save(tmp_path / "m")
        loaded = ganaug.load(tmp_path / "m")
        assert loaded.classes_.dtype == gan.classes_.dtype
        assert loaded.classes_.tolist() == gan.classes_.tolist()

    def test_path_is_not_overwritten_by_accident(self, gan, tmp_path):
        gan.save(tmp_path / "m")
        with pytest.raises(FileExistsError, match="already holds a model"):
            gan.save(tmp_path / "m")
        gan.save(tmp_path / "m", overwrite=True)

    def test_parameters_that_are_not_plain_are_saved(self, tmp_path):
        gan = tiny_gan(max_steps=np.int64(2), cache_dir=tmp_path / "cache", betas=[0.0, 0.9])
        gan.set_params(random_state=np.random.default_rng(0)).fit(X, Y).save(tmp_path / "m")
        loaded = ganaug.load(tmp_path / "m")
        assert (loaded.max_steps, loaded.betas, loaded.random_state) == (2, (0.0, 0.9), None)
        assert loaded.cache_dir == str(tmp_path / "cache")

    def test_own_loss_loads_only_when_trusted(self, tmp_path):
        gan = tiny_gan(loss=LeastSquares(margin=2.0)).fit(X, Y)
        gan.save(tmp_path / "m")
        with pytest.raises(ModelFormatError, match=r"which is not part of ganaug. .*trusted=\[LeastSquares\]"):
            ganaug.load(tmp_path / "m")
        loaded = ganaug.load(tmp_path / "m", trusted=[LeastSquares])
        assert loaded.loss == LeastSquares(margin=2.0)
        assert np.array_equal(loaded.sample(3)[0], gan.sample(3)[0])

    def test_loss_that_is_not_data_cannot_be_saved(self, tmp_path):
        class Own:
            shares_backward = False
            d_loss, g_loss = Hinge.d_loss, Hinge.g_loss

        gan = tiny_gan(loss=Own()).fit(X, Y)
        with pytest.raises(TypeError, match="cannot be saved; make it a frozen dataclass"):
            gan.save(tmp_path / "m")
        assert not any(tmp_path.iterdir())

    def test_label_that_is_not_data_cannot_be_saved(self, tmp_path):
        gan = tiny_gan().fit(X, [frozenset({int(k)}) for k in Y])
        with pytest.raises(TypeError, match="cannot be saved; to save, use labels of type int"):
            gan.save(tmp_path / "m")
        assert not any(tmp_path.iterdir())

    def test_model_of_a_machine_with_a_gpu_loads_here(self, gan, tmp_path, monkeypatch):
        gan.save(tmp_path / "m")
        edit(tmp_path / "m", lambda c: c["parameters"].update(device="cuda"))
        monkeypatch.setitem(ganaug.devices._DEVICES, "cuda", lambda: False)
        loaded = ganaug.load(tmp_path / "m")
        assert loaded.device == "auto"
        assert np.array_equal(loaded.sample(3)[0], gan.sample(3)[0])

    def test_bfloat16_is_kept_only_where_it_is_fast(self, gan, tmp_path, monkeypatch):
        gan = clone(gan).set_params(precision="auto", device="cpu").fit(X, Y)
        gan.save(tmp_path / "m")
        edit(tmp_path / "m", lambda c: c.update(precision="bf16-mixed"))
        for speedup, expected in [(9.0, "bf16-mixed"), (0.5, "32-true")]:
            monkeypatch.setattr(ganaug.devices, "_bfloat16_speedup", lambda speedup=speedup: speedup)
            assert ganaug.load(tmp_path / "m").precision_ == expected

    def test_a_precision_that_was_asked_for_is_kept(self, tmp_path, monkeypatch):
        tiny_gan(precision="bf16-mixed", device="cpu").fit(X, Y).save(tmp_path / "m")
        monkeypatch.setattr(ganaug.devices, "_bfloat16_speedup", lambda: 0.5)
        assert ganaug.load(tmp_path / "m").precision_ == "bf16-mixed"

    def test_a_numpy_seed_is_saved(self, tmp_path):
        tiny_gan(random_state=np.int64(3)).fit(X, Y).save(tmp_path / "m")
        assert ganaug.load(tmp_path / "m").random_state == 3

    def test_torchs_defaults_make_no_difference(self, gan):
        torch.set_default_dtype(torch.float64)
        try:
            with torch.no_grad():
                again = tiny_gan(random_state=0).fit(X, Y)
            copy = pickle.loads(pickle.dumps(gan))
            drawn = [one.sample(5, random_state=1)[0] for one in (gan, copy, again)]
        finally:
            torch.set_default_dtype(torch.float32)
        plain = [one.sample(5, random_state=1)[0] for one in (gan, copy, tiny_gan(random_state=0).fit(X, Y))]
        np.testing.assert_array_equal(drawn, plain)

    def test_foreign_folder_is_refused(self, tmp_path):
        with pytest.raises(ModelFormatError, match="is not a ganaug model: there is no config"):
            ganaug.load(tmp_path)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda c: c.update(estimator="Evil"), "holds the unknown estimator 'Evil'; known are ImageGAN"),
            (lambda c: c.pop("estimator"), "holds the unknown estimator None"),
            (lambda c: c.pop("parameters"), "is incomplete or malformed: KeyError"),
            (lambda c: c.update(parameters=[]), "is incomplete or malformed: AttributeError"),
            (lambda c: c["parameters"].update(unheard_of=1), "is incomplete or malformed: TypeError"),
            (lambda c: c["parameters"].update(loss="future"), "is incomplete or malformed: ValueError.*Unknown loss"),
            (lambda c: c.update(labels=[]), "is incomplete or malformed: ValueError"),
            (lambda c: c["codec"]["layout"].pop("height"), "is incomplete or malformed: TypeError"),
            (lambda c: c["codec"]["layout"].update(height=64), "do not fit the generator that the config describes"),
            (lambda c: c["fine_tuned"].append(0), "do not fit the generator_of_class_0"),
            (
                lambda c: c.update(earlier_generators=1),
                "1 earlier generators are named",
            ),
            (lambda c: c["parameters"].update(loss={"class": "os:system", "fields": {}}), "is not part of ganaug"),
        ],
    )
    def test_malformed_config_is_refused(self, gan, tmp_path, change, message):
        gan.save(tmp_path / "m")
        edit(tmp_path / "m", change)
        with pytest.raises(ModelFormatError, match=message):
            ganaug.load(tmp_path / "m")


def edit(folder, change):
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize("changes", [{}, {"penalty": LeCam(), "d_augment": ADA(speed=0.2)}])
def test_resumed_fit_equals_the_uninterrupted_one(tmp_path, changes):
    whole = tiny_gan(max_steps=8, **changes).fit(X, NAMES, callbacks=[Checkpoint(tmp_path / "c", every=5)])
    resumed = tiny_gan(max_steps=8, **changes).fit(X, NAMES, resume_from=tmp_path / "c")
    assert np.array_equal(resumed.sample(20)[0], whole.sample(20)[0])
    assert np.array_equal(resumed.score_samples(X, NAMES), whole.score_samples(X, NAMES))
    assert [entry["d_loss"] for entry in resumed.history_] == [entry["d_loss"] for entry in whole.history_]


def test_resuming_from_nothing_is_an_error(tmp_path):
    with pytest.raises(ModelFormatError, match="is not a ganaug checkpoint"):
        tiny_gan().fit(X, Y, resume_from=tmp_path)
