"""What a GPU must do as a processor does; the other tests run on one with GANAUG_TEST_DEVICE=cuda."""

import numpy as np
import pandas as pd
import pytest
import torch
from _tables import make_labels, make_mixed, make_unit_vectors, tiny_table_gan, tiny_vector_gan
from _tiny import make_bars, tiny_gan
from joblib import Parallel, delayed
from torch.utils.data import DataLoader

from ganaug import GANAugment, GANOverSampler, SampleBank, devices, load, recording
from ganaug.architectures import DCGAN
from ganaug.checkpoint import Checkpoint

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

KINDS = {
    "images": lambda **p: (tiny_gan(device="cuda", **{"max_steps": 20, **p}), *make_bars()),
    "images of a DCGAN": lambda **p: (
        tiny_gan(device="cuda", architecture=DCGAN(latent_dim=4), penalty="gradient_penalty", **{"max_steps": 20, **p}),
        *make_bars(),
    ),
    "images in bfloat16": lambda **p: (
        tiny_gan(device="cuda", **{"max_steps": 20, "precision": "bf16-mixed", "penalty": "lecam", **p}),
        *make_bars(),
    ),
    "tables": lambda **p: (tiny_table_gan(device="cuda", **{"max_steps": 20, **p}), make_mixed(), make_labels()),
    "vectors": lambda **p: (
        tiny_vector_gan(device="cuda", **{"max_steps": 20, **p}),
        make_unit_vectors(),
        make_labels(),
    ),
}


@pytest.fixture(autouse=True)
def torchs_defaults(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", False)


kinds = pytest.mark.parametrize("kind", KINDS)


def as_numbers(samples):
    return pd.DataFrame(np.asarray(samples).reshape(len(samples), -1))


def fit(kind, **parameters):
    gan, X, y = KINDS[kind](**parameters)
    return gan.fit(X, y)


@kinds
def test_networks_are_on_the_gpu_and_samples_are_not(kind):
    gan = fit(kind)
    assert {p.device.type for p in gan.networks_.generator.parameters()} == {"cuda"}
    samples, labels = gan.sample(5)
    assert len(samples) == len(labels) == 5
    assert isinstance(samples, (np.ndarray, pd.DataFrame))


@kinds
def test_random_state_repeats_fit_and_sample_exactly(kind):
    first, second = (as_numbers(fit(kind).sample(30, random_state=1)[0]) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


@kinds
def test_a_resumed_fit_equals_the_uninterrupted_one(kind, tmp_path):
    gan, X, y = KINDS[kind]()
    expected = gan.fit(X, y, callbacks=[Checkpoint(tmp_path / "c", every=13)]).sample(30, random_state=1)[0]
    torch.manual_seed(99)
    gan, X, y = KINDS[kind](random_state=7)
    resumed = gan.fit(X, y, resume_from=tmp_path / "c").sample(30, random_state=1)[0]
    pd.testing.assert_frame_equal(as_numbers(resumed), as_numbers(expected))


@kinds
def test_a_saved_model_draws_and_scores_alike_without_a_gpu(kind, tmp_path, monkeypatch):
    gan, X, y = KINDS[kind](precision="32-true")
    gan.fit(X, y).save(tmp_path / "model")
    expected = np.asarray(gan.score_samples(X, y))
    monkeypatch.setitem(devices._DEVICES, "cuda", lambda: False)
    there = load(tmp_path / "model")
    assert {p.device.type for p in there.networks_.generator.parameters()} == {"cpu"}
    np.testing.assert_allclose(there.score_samples(X, y), expected, rtol=1e-2, atol=1e-2)
    if "images" in kind:
        here, away = (np.asarray(g.sample(40, random_state=1)[0], float) for g in (gan, there))
        assert abs(here - away).max() <= 3  # of 255


@kinds
def test_random_numbers_of_the_caller_are_left_alone(kind):
    torch.cuda.manual_seed(5)
    expected = torch.rand(3, device="cuda")
    torch.cuda.manual_seed(5)
    fit(kind).sample(3)
    assert torch.equal(torch.rand(3, device="cuda"), expected)


def test_default_device_of_the_caller_changes_nothing():
    expected = as_numbers(fit("tables").sample(20)[0])
    with torch.device("cuda"):
        found = as_numbers(fit("tables").sample(20)[0])
    pd.testing.assert_frame_equal(found, expected)


def test_data_are_placed_on_the_gpu_if_they_leave_half_of_it_free(monkeypatch):
    places = []

    def look(state):
        places.append(state.data.pixels.device.type)

    X, y = make_bars()
    tiny_gan(device="cuda", max_steps=1).fit(X, y, callbacks=[look])
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (X.nbytes, 10 * X.nbytes))
    tiny_gan(device="cuda", max_steps=1).fit(X, y, callbacks=[look])
    assert places == ["cuda", "cpu"]


def test_fine_tuned_generators_and_snapshots_train_there():
    gan = fit("images", fine_tune_steps=2, n_snapshots=2)
    assert gan.sample(20)[0].shape == (20, 8, 8)


def test_over_sampler_trains_there():
    X, y = make_mixed(), make_labels()
    sampler = GANOverSampler(tiny_table_gan(device="cuda"), random_state=0)
    X_new, y_new = sampler.fit_resample(X, y)
    assert (y_new == "rare").sum() == (y_new == "common").sum()
    assert len(X_new) == len(y_new)


def test_workers_that_were_forked_after_training_augment_from_a_bank(tmp_path):
    gan = fit("images")
    bank = SampleBank.from_gan(gan, n_per_class=4, path=tmp_path / "bank", random_state=0)
    augment = GANAugment(bank, p=1.0)
    X, y = make_bars()
    images = torch.from_numpy(X)[:, None]

    class Augmented(torch.utils.data.Dataset):
        def __len__(self):
            return len(images)

        def __getitem__(self, index):
            return augment(images[index], int(y[index]))

    loader = DataLoader(Augmented(), batch_size=8, num_workers=2, multiprocessing_context="fork")
    drawn = torch.cat([batch for batch, _ in loader])
    assert drawn.shape == images.shape
    assert not torch.equal(drawn, images)


def test_images_on_the_gpu_are_replaced_there(tmp_path):
    bank = SampleBank.from_gan(fit("images"), n_per_class=4, path=tmp_path / "bank", random_state=0)
    images, labels = torch.zeros(6, 1, 8, 8, device="cuda"), torch.tensor([0, 1] * 3, device="cuda")
    new, _ = GANAugment(bank, p=1.0)(images, labels)
    assert new.device == images.device
    assert (new.flatten(1).amax(1) > 0).all()


@kinds
def test_replayed_steps_equal_launched_ones(kind, monkeypatch):
    recorders = []
    gan, X, y = KINDS[kind](max_steps=40)
    replayed = as_numbers(
        gan.fit(X, y, callbacks=[lambda s: recorders.append(s.recorder)]).sample(30, random_state=1)[0]
    )
    losses = [(e["d_loss"], e["g_loss"]) for e in gan.history_]
    if "bfloat16" not in kind:  # whose penalty, LeCam's, keeps running means
        assert len(recorders[-1]._recorded) == (1 if "DCGAN" in kind else 2)  # with and without the penalty
    monkeypatch.setattr(recording, "WARM_UP", 10**9)
    gan, X, y = KINDS[kind](max_steps=40)
    pd.testing.assert_frame_equal(as_numbers(gan.fit(X, y).sample(30, random_state=1)[0]), replayed)
    assert [(e["d_loss"], e["g_loss"]) for e in gan.history_] == losses


def test_fits_in_threads_equal_those_one_after_the_other():
    others = ["images", "tables", "vectors"]
    expected = [as_numbers(fit(kind, max_steps=40).sample(30, random_state=1)[0]) for kind in others]
    for _ in range(3):
        trained = Parallel(n_jobs=6, prefer="threads")(delayed(fit)(kind, max_steps=40) for kind in 2 * others)
        for gan, samples in zip(trained, 2 * expected, strict=True):
            pd.testing.assert_frame_equal(as_numbers(gan.sample(30, random_state=1)[0]), samples)
