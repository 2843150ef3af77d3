import dataclasses
import json
import math

import pytest
import torch
from sklearn.base import clone

from ganaug.diffaugment import ADA, D_AUGMENTS, DiffAugment
from ganaug.persistence import from_json, to_json

RECIPES = {name: recipe for name, recipe in D_AUGMENTS.items() if recipe is not None}
STILL = DiffAugment(cutout=0.0)
BRIGHTNESS, SCALE, ROTATION, RIGHT, DOWN, CUT_ROW, CUT_COLUMN = range(7)


@pytest.fixture(params=RECIPES, name="recipe")
def each_recipe(request):
    return RECIPES[request.param]


@pytest.fixture(name="x")
def make_x():
    return torch.rand(4, 3, 16, 24, generator=torch.Generator().manual_seed(0)) * 2 - 1


def draws_of(n=4, **changed):
    """Return draws of 0.5, which change nothing, but for those that are named."""
    draws = torch.full((n, 7), 0.5)
    for name, value in changed.items():
        draws[:, globals()[name.upper()]] = value
    return draws


def random_draws(recipe, n=4):
    return torch.rand(n, recipe.n_draws, generator=torch.Generator().manual_seed(1))


def test_augmented_images_keep_shape_and_dtype(recipe, x):
    augmented = recipe.start()(x, random_draws(recipe))
    assert augmented.shape == x.shape
    assert augmented.dtype == torch.float32
    assert augmented.isfinite().all()


def test_all_chance_is_in_the_draws(recipe, x):
    draws = random_draws(recipe)
    before = torch.get_rng_state()
    assert torch.equal(recipe.start()(x, draws), recipe.start()(x, draws))
    assert torch.equal(torch.get_rng_state(), before)


def test_samples_do_not_influence_each_other(recipe, x):
    draws = random_draws(recipe)
    alone = recipe.start()(x[1:2], draws[1:2])
    torch.testing.assert_close(recipe.start()(x, draws)[1:2], alone)


def test_augmentation_is_a_frozen_recipe(recipe):
    assert clone(recipe, safe=False) == recipe == type(recipe)()
    assert eval(repr(recipe)) == recipe
    assert from_json(json.loads(json.dumps(to_json(recipe)))) == recipe
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.speed = 2


def test_half_draws_without_cutout_are_the_identity(x):
    torch.testing.assert_close(STILL.apply(x, draws_of()), x, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("draw", "shift"), [(0.0, -0.3), (0.75, 0.15)])
def test_brightness_shifts_all_pixels(x, draw, shift):
    torch.testing.assert_close(STILL.apply(x, draws_of(brightness=draw)), x + shift, atol=1e-5, rtol=0)


def test_translation_moves_by_whole_pixels(x):
    # 0.125 of 16 rows are 2 pixels, of 24 columns 3; beyond the border its pixels are repeated.
    moved = STILL.apply(x, draws_of(right=1.0))
    torch.testing.assert_close(moved[..., :-3], x[..., 3:], atol=1e-4, rtol=0)
    torch.testing.assert_close(moved[..., -3:], x[..., -1:].expand(4, 3, 16, 3), atol=1e-4, rtol=0)
    moved = STILL.apply(x, draws_of(down=0.0))
    torch.testing.assert_close(moved[:, :, 2:], x[:, :, :-2], atol=1e-4, rtol=0)


def test_rotation_turns_without_shear():
    quarter = DiffAugment(rotation=math.pi / 2, cutout=0.0)
    x = torch.rand(1, 1, 9, 9)
    turned = quarter.apply(x, draws_of(1, rotation=1.0))
    torch.testing.assert_close(turned, torch.rot90(x, 1, (2, 3)), atol=1e-4, rtol=0)


def test_rotation_is_about_pixels_even_if_the_image_is_not_square():
    quarter = DiffAugment(rotation=math.pi / 2, cutout=0.0)
    x = torch.zeros(1, 1, 8, 16)
    x[..., 6:10] = 1.0  # an upright bar of 4 columns becomes a lying one of 4 rows
    expected = torch.zeros(1, 1, 8, 16)
    expected[:, :, 2:6] = 1.0  # to both sides, since the border is repeated
    torch.testing.assert_close(quarter.apply(x, draws_of(1, rotation=1.0)), expected, atol=1e-4, rtol=0)


def test_scale_zooms_about_the_centre():
    x = torch.zeros(1, 1, 16, 16)
    x[..., 6:10, 6:10] = 1.0
    half = DiffAugment(scale=0.5, cutout=0.0)
    assert half.apply(x, draws_of(1, scale=0.0)).sum() == pytest.approx(64, rel=0.1)  # twice as large
    assert half.apply(x, draws_of(1, scale=1.0)).sum() < 16


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_cutout_blanks_a_square_of_the_given_side(x, share):
    kept = DiffAugment(cutout=share).apply(x + 5, draws_of()) != 0
    assert (~kept).sum((2, 3)).unique().tolist() == [round(16 * share) * round(24 * share)]


def test_cutout_follows_its_draws(x):
    cut = DiffAugment(cutout=0.5).apply(x + 5, draws_of(cut_row=0.0, cut_column=1.0))
    blank = cut == 0
    assert blank[:, :, :4, -6:].all()
    assert blank.sum() == 4 * 3 * 4 * 6


def test_augmentation_is_differentiable_in_the_image():
    recipe = DiffAugment()
    x = torch.rand(2, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: recipe.apply(x, random_draws(recipe, 2).double()), x)


def test_gradients_reach_all_that_is_kept(x):
    x.requires_grad_()
    STILL.apply(x, draws_of()).sum().backward()
    torch.testing.assert_close(x.grad, torch.ones_like(x), atol=1e-4, rtol=0)


def test_plain_diffaugment_takes_no_notice_of_logits(x):
    running = DiffAugment().start()
    draws = random_draws(DiffAugment())
    before = running(x, draws)
    running.observe(torch.ones(4), -torch.ones(4))
    assert torch.equal(running(x, draws), before)


def test_ada_begins_with_untouched_images(x):
    assert torch.equal(ADA().start()(x, random_draws(ADA())), x)


def test_ada_probability_follows_overfitting_within_bounds():
    running = ADA(target=0.6, speed=0.25).start()
    overfit, confused = (torch.ones(8), -torch.ones(8)), (torch.tensor([1.0, -1.0]), torch.zeros(2))
    seen = []
    for real, fake in [overfit] * 5 + [confused] * 5:
        running.observe(real, fake)
        seen.append(running.probability)
    assert seen == [0.25, 0.5, 0.75, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0]


def test_ada_does_not_mind_an_offset_of_all_logits():
    running = ADA(target=0.6, speed=0.25).start()
    running.observe(torch.full((8,), -99.0), torch.full((8,), -101.0))
    assert running.probability == 0.25


def test_ada_augments_the_share_of_samples_that_its_probability_says():
    running = ADA(policy=DiffAugment(cutout=0.0)).start()
    running.probability = 0.3
    x = torch.zeros(2000, 1, 2, 2)
    draws = random_draws(ADA(), 2000)
    changed = (running(x, draws) != 0).flatten(1).any(1)
    assert torch.equal(changed, draws[:, -1] < 0.3)
    assert changed.float().mean().item() == pytest.approx(0.3, abs=0.04)


def test_none_means_no_augmentation():
    assert D_AUGMENTS["none"] is None
