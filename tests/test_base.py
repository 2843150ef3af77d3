import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from _tiny import make_bars, tiny_gan
from sklearn.base import clone

import ganaug
from ganaug import ImageGAN, base
from ganaug.architectures import DCGAN
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

    def test_fine_tuned_model_pickles(self, tuned):
        assert np.array_equal(pickle.loads(pickle.dumps(tuned)).sample(9)[0], tuned.sample(9)[0])


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
