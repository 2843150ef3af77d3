import pytest
import torch

from ganaug.benchmark.augmentation import (
    Affine,
    CutMix,
    NoAugmentation,
    RandomOperations,
    affine_matrices,
    candidate_augmentations,
    cut_hole,
    warp,
)

AUGMENTATIONS = {"none": NoAugmentation(), **candidate_augmentations(mirror=True)}
STILL = {"degrees": torch.zeros(1), "shift_x": torch.zeros(1), "shift_y": torch.zeros(1)}


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(16, 3, 8, 10, generator=generator) * 2 - 1
    return x, torch.eye(4).repeat(4, 1)


def _generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_shape_range_and_target_sums_stay(name, batch):
    x, targets = AUGMENTATIONS[name](*batch, _generator())
    assert x.shape == batch[0].shape
    assert x.dtype == torch.float32
    assert x.min() >= -1 - 1e-6
    assert x.max() <= 1 + 1e-6
    assert torch.allclose(targets.sum(dim=1), torch.ones(16))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_same_generator_state_repeats_and_inputs_stay_untouched(name, batch):
    before = batch[0].clone()
    first, second = (AUGMENTATIONS[name](*batch, _generator(3)) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    assert torch.equal(batch[0], before)


@pytest.mark.parametrize("name", [name for name in AUGMENTATIONS if name not in ("none", "CutMix")])
def test_labels_stay_and_images_change_each_in_its_own_way(name, batch):
    same = batch[0][:1].expand(16, -1, -1, -1)
    x, targets = AUGMENTATIONS[name](same, batch[1], _generator())
    assert torch.equal(targets, batch[1])
    assert len({tuple(image.flatten().tolist()) for image in x}) > 8


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_recipes_are_comparable_and_printable(name):
    recipe = AUGMENTATIONS[name]
    assert recipe == eval(repr(recipe))


def test_no_motion_is_the_identity(batch):
    theta = affine_matrices(**STILL).expand(16, -1, -1)
    assert torch.allclose(warp(batch[0], theta), batch[0], atol=1e-5)


def test_quarter_turn_moves_the_first_row_to_a_column():
    x = -torch.ones(1, 1, 4, 4)
    x[0, 0, 0] = 1.0
    turned = warp(x, affine_matrices(**{**STILL, "degrees": torch.tensor([90.0])}))
    assert torch.allclose(turned[0, 0].mean(dim=0).sort().values, torch.tensor([-1.0, -1.0, -1.0, 1.0]), atol=1e-5)


def test_what_comes_from_outside_is_dark():
    shifted = warp(torch.ones(1, 1, 4, 4), affine_matrices(**{**STILL, "shift_x": torch.tensor([1.0])}))
    assert torch.allclose(shifted[0, 0, 0], torch.tensor([1.0, 1.0, -1.0, -1.0]))


def test_scale_enlarges():
    x = -torch.ones(1, 1, 8, 8)
    x[0, 0, 3:5, 3:5] = 1.0
    assert warp(x, affine_matrices(**STILL, scale=torch.tensor([2.0]))).sum() > x.sum() + 8


def test_mirror_flips_about_half():
    x = torch.linspace(-1, 1, 8).expand(200, 1, 8, 8)
    flipped, _ = Affine(0, 0, 0, mirror=True)(x, torch.ones(200, 1), _generator())
    assert 70 < (flipped[:, 0, 0, 0] > 0).sum() < 130


def test_hole_has_the_stated_side():
    x = cut_hole(torch.ones(500, 1, 10, 10), 0.3, _generator())
    assert (x == -1).sum(dim=(1, 2, 3)).max() == 9


def test_half_of_zero_side_holes_are_none(batch):
    side = torch.tensor([0.0, 1.0]).repeat(8)
    x = cut_hole(batch[0], side, _generator())
    assert torch.equal(x[::2], batch[0][::2])
    assert (x[1::2] == -1).flatten(1).any(dim=1).all()


def test_cutmix_mixes_targets_by_area(batch):
    x = torch.arange(16.0).div(8).sub(1)[:, None, None, None].expand(16, 1, 10, 10)
    mixed, targets = CutMix(NoAugmentation(), share=1.0)(x, torch.eye(16), _generator(1))
    own = (mixed == x).float().mean(dim=(1, 2, 3))
    changed = own < 1
    assert changed.any()
    assert torch.allclose(targets.diagonal()[changed], own[changed])


def test_zero_magnitude_changes_nothing(batch):
    x, _ = RandomOperations(2, magnitude=0.0)(*batch, _generator())
    assert torch.allclose(x, batch[0], atol=1e-5)
