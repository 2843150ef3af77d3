import json
import pickle

import numpy as np
import pytest
import torch
from _tiny import DEVICE, LeastSquares, make_bars, tiny_gan
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import ganaug
from ganaug._parameters import resolve
from ganaug.architectures import DCGAN, Residual
from ganaug.diffaugment import ADA
from ganaug.exceptions import ModelFormatError
from ganaug.losses import Hinge

X, Y = make_bars()
NAMES = np.array(["left", "right"])[Y]


@pytest.fixture(scope="module", name="gan")
def fitted():
    return tiny_gan(max_steps=5).fit(X, NAMES)


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
        monkeypatch.setattr(ganaug.ImageGAN, "_sampling_batch", 7)
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
        monkeypatch.setattr(ganaug.ImageGAN, "_sampling_batch", 7)
        np.testing.assert_allclose(gan.score_samples(X, NAMES), whole, rtol=1e-3, atol=1e-5)

    def test_lengths_must_agree(self, gan):
        with pytest.raises(ValueError, match="X has 48 samples and y has 2 labels"):
            gan.score_samples(X, NAMES[:2])


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
