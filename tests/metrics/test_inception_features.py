"""Inception features: input forms and errors; the weights are not part of the tests."""

import sys

import numpy as np
import pytest
import torch

from ganaug.metrics import features, inception_features

GREY = np.random.default_rng(0).integers(0, 256, (3, 5, 6), dtype=np.uint8)


class MeanExtractor(torch.nn.Module):
    """Stands in for Inception: checks its input as torch-fidelity does, returns channel means."""

    def forward(self, x):
        assert x.dtype == torch.uint8
        assert x.shape[1] == 3
        return (x.float().mean(dim=(2, 3)),)


@pytest.fixture
def stub(monkeypatch, tmp_path):
    path = tmp_path / "weights.pth"
    path.touch()
    monkeypatch.setattr(features, "_inception", lambda path: MeanExtractor())
    return path


@pytest.mark.parametrize("shape", [GREY, GREY[:, None], GREY[..., None], np.stack([GREY] * 3, axis=-1)])
def test_grey_and_colour_images_of_either_axis_order(stub, shape):
    expected = GREY.mean(axis=(1, 2), dtype=np.float32)[:, None].repeat(3, axis=1)
    assert inception_features(shape, weights=stub) == pytest.approx(expected)


def test_batches_are_joined(stub, monkeypatch):
    monkeypatch.setattr(features, "_BATCH", 2)
    assert inception_features(GREY, weights=stub).shape == (3, 3)


@pytest.mark.parametrize("X", [GREY / 255.0, GREY[0], GREY[:0], np.zeros((2, 5, 5, 4), np.uint8)])
def test_other_input_is_refused(X):
    with pytest.raises(ValueError, match="Inception features need uint8 images"):
        inception_features(X)


def test_missing_weights_are_explained(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No Inception weights at .*nowhere.pth.*pass weights=PATH"):
        inception_features(GREY, weights=tmp_path / "nowhere.pth")


def test_without_weights_the_hub_folder_is_searched(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(FileNotFoundError, match="checkpoints"):
        inception_features(GREY)


def test_missing_package_is_named(tmp_path, monkeypatch):
    path = tmp_path / "weights.pth"
    torch.save({}, path)
    monkeypatch.setitem(sys.modules, "torch_fidelity.feature_extractor_inceptionv3", None)
    with pytest.raises(ImportError, match="pip install torch-fidelity"):
        inception_features(GREY, weights=path)


def test_real_extractor_takes_our_input(tmp_path):
    """With random weights: the plumbing to torch-fidelity's network."""
    module = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")

    class Unloaded(module.FeatureExtractorInceptionV3):
        def load_state_dict(self, state_dict, strict=True):
            return None

    path = tmp_path / "weights.pth"
    torch.save({}, path)
    state = Unloaded("random", ["2048"], feature_extractor_weights_path=str(path)).state_dict()
    torch.save(state, path)
    values = inception_features(GREY[:1], weights=path)
    assert values.shape == (1, 2048)
    assert np.isfinite(values).all()
