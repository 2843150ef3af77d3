import dataclasses
import json
import math

import pytest
import torch
from sklearn.base import clone

from ganaug.conditioning import CONDITIONINGS, AuxiliaryClassifier, Concat, Critique, Projection, Unconditional
from ganaug.persistence import from_json, to_json

SHAPE, N_CLASSES, N_FEATURES = (3, 4, 6), 5, 7


@pytest.fixture(params=CONDITIONINGS, name="recipe")
def each_recipe(request):
    return CONDITIONINGS[request.param]


@pytest.fixture(name="y")
def make_y():
    return torch.tensor([0, 1, 4, 4])


def test_input_adds_the_promised_channels(recipe, y):
    x = torch.randn(4, *SHAPE)
    condition = recipe.build_input(SHAPE, N_CLASSES)
    seen = condition(x, y)
    assert seen.shape == (4, 3 + condition.n_added, 4, 6)
    assert torch.equal(seen[:, :3], x)


def test_input_of_rows_adds_the_promised_columns(recipe, y):
    x = torch.randn(4, 7)
    condition = recipe.build_input((7,), N_CLASSES)
    seen = condition(x, y)
    assert seen.shape == (4, 7 + condition.n_added)
    assert torch.equal(seen[:, :7], x)
    if condition.n_added:
        assert torch.equal(seen[:, 7:].argmax(1), y)


def test_head_gives_one_float32_logit_per_sample(recipe, y):
    critique = recipe.build_head(N_FEATURES, N_CLASSES)(torch.randn(4, N_FEATURES), y)
    assert critique.logits.shape == (4,)
    assert critique.logits.dtype == torch.float32
    if critique.class_logits is not None:
        assert critique.class_logits.shape == (4, N_CLASSES)
        assert critique.class_logits.dtype == torch.float32


def test_head_gives_float32_logits_under_bfloat16(recipe, y):
    with torch.autocast("cpu", torch.bfloat16):
        critique = recipe.build_head(N_FEATURES, N_CLASSES)(torch.randn(4, N_FEATURES), y)
    assert critique.logits.dtype == torch.float32


def test_gradients_reach_every_parameter(recipe):
    y = torch.arange(N_CLASSES)
    entrance, head = recipe.build_input(SHAPE, N_CLASSES), recipe.build_head(N_FEATURES, N_CLASSES)
    seen = entrance(torch.randn(N_CLASSES, *SHAPE), y)
    critique = head(seen.flatten(1)[:, -N_FEATURES:], y)
    weights = torch.linspace(1, 2, N_CLASSES)
    ((critique.logits * weights).sum() + recipe.class_loss(critique, y)).backward()
    for name, parameter in [*entrance.named_parameters(), *head.named_parameters()]:
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_critique_depends_on_the_class_unless_it_is_unconditional(recipe):
    torch.manual_seed(0)
    x = torch.randn(1, *SHAPE)
    entrance, head = recipe.build_input(SHAPE, N_CLASSES), recipe.build_head(N_FEATURES, N_CLASSES)

    def pay(label):
        y = torch.tensor([label])
        critique = head(entrance(x, y).flatten(1)[:, -N_FEATURES:], y)
        return critique.logits.mean() + recipe.class_loss(critique, y)

    assert (pay(0) == pay(1)) == isinstance(recipe, Unconditional)


def test_conditioning_is_a_frozen_recipe(recipe):
    assert clone(recipe, safe=False) == recipe == type(recipe)()
    assert eval(repr(recipe)) == recipe
    assert from_json(json.loads(json.dumps(to_json(recipe)))) == recipe
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.weight = 2


def test_projection_adds_the_inner_product_with_the_class_embedding(y):
    head = Projection().build_head(N_FEATURES, N_CLASSES)
    features = torch.randn(4, N_FEATURES)
    expected = [
        head.logit(row).item() + torch.dot(row, head.embedding.weight[label]).item()
        for row, label in zip(features, y, strict=True)
    ]
    torch.testing.assert_close(head(features, y).logits, torch.tensor(expected))


def test_concat_shows_each_class_its_own_plane(y):
    entrance = Concat().build_input(SHAPE, N_CLASSES)
    planes = entrance(torch.zeros(4, *SHAPE), y)[:, 3]
    assert torch.equal(planes.flatten(1), entrance.planes.weight[y])


def test_auxiliary_classifier_pays_the_weighted_cross_entropy(y):
    flat = Critique(torch.zeros(4), torch.zeros(4, N_CLASSES))
    assert AuxiliaryClassifier(weight=2.0).class_loss(flat, y).item() == pytest.approx(2 * math.log(N_CLASSES))
    sure = Critique(torch.zeros(4), 100.0 * torch.eye(N_CLASSES)[y])
    assert AuxiliaryClassifier().class_loss(sure, y).item() == pytest.approx(0)


@pytest.mark.parametrize("recipe", [Projection(), Concat(), Unconditional()])
def test_conditional_logits_need_no_class_loss(recipe, y):
    assert recipe.class_loss(Critique(torch.zeros(4)), y) == 0.0


@pytest.mark.parametrize("class_logits", [None, torch.arange(12.0).view(6, 2)])
def test_halves_are_the_reals_and_the_fakes(class_logits):
    real, fake = Critique(torch.arange(6.0), class_logits).halves()
    assert (real.logits.tolist(), fake.logits.tolist()) == ([0, 1, 2], [3, 4, 5])
    if class_logits is None:
        assert real.class_logits is fake.class_logits is None
    else:
        assert torch.equal(torch.cat([real.class_logits, fake.class_logits]), class_logits)
