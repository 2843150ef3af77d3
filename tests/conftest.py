"""Fixtures for all tests; being here also lets every test import `_fakes`."""

import pytest
import torch
from _fakes import FakeGAN
from _tiny import DEVICE

if DEVICE == "cuda":  # What tests compare is float32, and single steps.
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True


@pytest.fixture
def fake_gan() -> FakeGAN:
    return FakeGAN()
