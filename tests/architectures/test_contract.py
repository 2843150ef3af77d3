"""What holds for every architecture with every conditioning."""

import copy
import dataclasses
import json
from dataclasses import replace

import pytest
import torch
from _tiny import SHAPES
from sklearn.base import clone

from ganaug.adam import Adam
from ganaug.architectures import ARCHITECTURES, DataSpec, Residual
from ganaug.conditioning import CONDITIONINGS
from ganaug.persistence import from_json, load_weights, to_json, weights_of

N_CLASSES = 3
SMALL = {name: replace(recipe, latent_dim=8) for name, recipe in ARCHITECTURES.items()}
SMALL["residual"] = replace(SMALL["residual"], width=8)
SMALL["spectral"] = replace(SMALL["residual"], spectral_norm=True)


@pytest.fixture(params=SMALL, name="recipe")
def each_recipe(request):
    return SMALL[request.param]


@pytest.fixture(params=CONDITIONINGS, name="conditioning")
def each_conditioning(request):
    return CONDITIONINGS[request.param]


def build(recipe, conditioning=CONDITIONINGS["projection"], shape=(3, 8, 8), seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return recipe.build(DataSpec(shape, N_CLASSES), conditioning)


def draw(shape, n=3, latent_dim=8):
    chance = torch.Generator().manual_seed(1)
    x = torch.rand(n, *shape, generator=chance) * 2 - 1
    return x, torch.arange(n) % N_CLASSES, torch.randn(n, latent_dim, generator=chance)


@pytest.mark.parametrize("shape", SHAPES)
def test_networks_fit_images_of_any_size(recipe, conditioning, shape):
    if recipe == SMALL["dcgan"] and (shape[1] > 32 or conditioning != CONDITIONINGS["projection"]):
        shape = (shape[0], 10, 9)  # large and wide at once would take seconds
    networks = build(recipe, conditioning, shape)
    x, y, z = draw(shape, n=2)
    fake = networks.generator(z, y)
    assert fake.shape == x.shape
    assert fake.dtype == torch.float32
    assert networks.discriminator(x, y).logits.shape == (2,)
    if networks.encoder is not None:
        mean, log_variance = networks.encoder(x, y)
        assert mean.shape == log_variance.shape == z.shape
        assert mean.dtype == log_variance.dtype == torch.float32


def test_no_latents_make_no_samples(recipe):
    _, y, z = draw((3, 8, 8), n=0)
    assert build(recipe).generator(z, y).shape == (0, 3, 8, 8)


def test_gradients_reach_every_parameter(recipe, conditioning):
    networks = build(recipe, conditioning)
    _unfreeze_zeros(networks)
    x, y, z = draw((3, 8, 8))
    critique = networks.discriminator(networks.generator(z, y), y)
    (critique.logits.square().sum() + conditioning.class_loss(critique, y)).backward()
    if networks.encoder is not None:
        sum(part.square().sum() for part in networks.encoder(x, y)).backward()
    for module in filter(None, networks):
        for name, parameter in module.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


def test_parameters_are_still_those_of_the_optimizer_after_a_pass(recipe, conditioning):
    networks = build(recipe, conditioning)
    optimizer = Adam(*networks, betas=(0.0, 0.99))
    _, y, z = draw((3, 8, 8))
    networks.discriminator(networks.generator(z, y), y).logits.sum().backward()
    optimizer.step(1e-3)
    optimizer.check_sharing()
    assert optimizer.gradients.any()


def _unfreeze_zeros(networks):
    """Move layers that start at zero, whose predecessors get no gradient at the first step."""
    with torch.no_grad():
        for module in filter(None, networks):
            for parameter in module.parameters():
                if not parameter.any():
                    parameter.normal_(std=0.1)


def test_networks_repeat_when_the_seed_does(recipe, conditioning):
    first, second, other = (build(recipe, conditioning, seed=seed) for seed in (0, 0, 1))
    for one, same in zip(filter(None, first), filter(None, second), strict=True):
        assert all(map(torch.equal, one.state_dict().values(), same.state_dict().values()))
    assert not torch.equal(*(next(n.generator.parameters()) for n in (first, other)))


def test_discriminator_judges_each_sample_by_itself(recipe, conditioning):
    discriminator = build(recipe, conditioning).discriminator.eval()
    x, y, _ = draw((3, 8, 8))
    together = discriminator(x, y).logits
    alone = torch.cat([discriminator(x[i : i + 1], y[i : i + 1]).logits for i in range(len(x))])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_generator_depends_on_latent_and_class(recipe):
    generator = build(recipe).generator.eval()
    _, y, z = draw((3, 8, 8))
    same_latent = generator(z[:1].expand(3, -1), y)
    same_class = generator(z, y[:1].expand(3))
    assert not torch.allclose(same_latent[0], same_latent[1])
    assert not torch.allclose(same_class[0], same_class[1])


def test_weights_move_to_fresh_networks(recipe, conditioning):
    old, new = build(recipe, conditioning, seed=0), build(recipe, conditioning, seed=1)
    x, y, z = draw((3, 8, 8))
    for one, other in zip(filter(None, old), filter(None, new), strict=True):
        load_weights(other, weights_of(one, "part"), "part")
        one.eval(), other.eval()
    assert torch.equal(old.generator(z, y), new.generator(z, y))
    assert torch.equal(old.discriminator(x, y).logits, new.discriminator(x, y).logits)


def test_networks_can_be_copied(recipe):
    networks = build(recipe)
    twin = copy.deepcopy(networks)
    _, y, z = draw((3, 8, 8))
    assert torch.equal(networks.generator.eval()(z, y), twin.generator.eval()(z, y))


def test_networks_run_in_bfloat16(recipe):
    networks = build(recipe)
    _, y, z = draw((3, 8, 8))
    with torch.autocast("cpu", torch.bfloat16):
        fake = networks.generator(z, y)
        logits = networks.discriminator(fake, y).logits
    assert fake.dtype == logits.dtype == torch.float32
    logits.sum().backward()


@pytest.mark.parametrize("recipe", [*ARCHITECTURES.values(), Residual(encoder=False, spectral_norm=True)])
def test_architecture_is_a_frozen_recipe(recipe):
    assert clone(recipe, safe=False) == recipe
    assert eval(repr(recipe), {type(recipe).__name__: type(recipe)}) == recipe
    assert from_json(json.loads(json.dumps(to_json(recipe)))) == recipe
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.latent_dim = 1
