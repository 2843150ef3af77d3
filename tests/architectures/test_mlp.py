from dataclasses import replace

import pytest
import torch
from sklearn.base import clone

from ganaug.architectures import MLP, TABLE_ARCHITECTURES, VECTOR_ARCHITECTURES, DataSpec
from ganaug.architectures.mlp import _sample_one_hot
from ganaug.blocks import Block, Layout
from ganaug.conditioning import CONDITIONINGS

TINY = MLP(width=8, latent_dim=3, n_blocks=1)
LAYOUTS = {
    "numbers": Layout([Block(1)] * 4),
    "categories": Layout([Block(3), Block(2), Block(5)]),
    "mixed": Layout([Block(1), Block(3), Block(1), Block(40)]),
}


def build(layout, conditioning="concat", n_classes=3, recipe=TINY):
    torch.manual_seed(0)
    return recipe.build(DataSpec((layout.width,), n_classes, layout), CONDITIONINGS[conditioning])


def draw(n=16, n_classes=3):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n, TINY.latent_dim, generator=generator), torch.arange(n) % n_classes


def start_moving(module):
    """Take the blocks off the identity that they start as, so that gradients reach everything."""
    for p in module.parameters():
        torch.nn.init.normal_(p, std=0.5)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
class TestAnyTable:
    @pytest.mark.parametrize("conditioning", CONDITIONINGS)
    def test_shapes(self, layout, conditioning):
        networks = build(layout, conditioning)
        z, y = draw()
        x = networks.generator(z, y)
        assert networks.encoder is None
        assert (x.shape, x.dtype) == ((16, layout.width), torch.float32)
        critique = networks.discriminator(x, y)
        assert critique.logits.shape == (16,)
        assert critique.class_logits is None or critique.class_logits.shape == (16, 3)

    def test_fake_rows_are_valid_dense_rows(self, layout):
        x = build(layout).generator(*draw(200))
        assert torch.equal(layout.expand(layout.collapse(x))[:, len(layout.numbers) :], x[:, len(layout.numbers) :])

    def test_drawing_compact_rows_follows_the_distribution_of_dense_rows(self, layout):
        generator = build(layout).generator
        start_moving(generator)
        z, y = (part[:1].expand(20_000, *part.shape[1:]) for part in draw())
        with torch.no_grad():
            dense, compact = generator(z, y), layout.draw(generator.row_logits(z, y))
        torch.testing.assert_close(layout.expand(compact).mean(0), dense.mean(0), atol=0.02, rtol=1e-5)

    def test_gradients_reach_every_parameter_of_both_players(self, layout):
        generator, discriminator, _ = build(layout)
        start_moving(generator)
        start_moving(discriminator)
        z, y = draw(64)
        discriminator(generator(z, y), y).logits.square().mean().backward()
        for module in (generator, discriminator):
            for name, parameter in module.named_parameters():
                assert parameter.grad is not None, name
                assert parameter.grad.any(), name

    def test_the_class_changes_what_is_generated(self, layout):
        generator = build(layout).generator
        start_moving(generator)
        z, y = draw(64)
        torch.manual_seed(2)
        first = generator(z, y)
        torch.manual_seed(2)
        assert not torch.equal(first, generator(z, (y + 1) % 3))

    def test_rows_repeat_with_the_seed(self, layout):
        generator, samples = build(layout).generator, []
        for _ in range(2):
            torch.manual_seed(3)
            samples.append(generator(*draw()))
        assert torch.equal(*samples)

    def test_rows_are_judged_one_by_one(self, layout):
        networks = build(layout)
        x = networks.generator(*draw()).detach()
        y = draw()[1]
        together = networks.discriminator(x, y).logits
        alone = torch.cat([networks.discriminator(x[i : i + 1], y[i : i + 1]).logits for i in range(len(x))])
        torch.testing.assert_close(together, alone)


def test_a_block_starts_as_the_identity():
    layout = LAYOUTS["numbers"]
    shallow = build(layout, recipe=replace(TINY, n_blocks=0)).generator.layers
    deep = build(layout, recipe=replace(TINY, n_blocks=3)).generator.layers
    deep[0].load_state_dict(shallow[0].state_dict())
    deep[-1].load_state_dict(shallow[-1].state_dict())
    x = torch.randn(5, TINY.latent_dim + 3)
    torch.testing.assert_close(deep(x), shallow(x))


def test_vectors_need_no_layout():
    generator = TINY.build(DataSpec((6,), 2), CONDITIONINGS["concat"]).generator
    assert generator(*draw(n_classes=2)).shape == (16, 6)


class TestOneHotSamples:
    def test_categories_are_drawn_with_their_probabilities(self):
        torch.manual_seed(0)
        probabilities = torch.tensor([0.6, 0.3, 0.1])
        drawn = _sample_one_hot(probabilities.log().expand(50_000, 3), [(1, 3)], torch.tensor([0]), temperature=0.5)
        torch.testing.assert_close(drawn.mean(0), probabilities, atol=0.01, rtol=0)

    def test_the_gradient_is_that_of_the_relaxed_sample(self):
        logits = torch.tensor([[0.2, -0.4, 1.0]], requires_grad=True)
        value = torch.tensor([1.0, -2.0, 0.5])
        torch.manual_seed(0)
        (_sample_one_hot(logits, [(1, 3)], torch.tensor([0]), 0.7) * value).sum().backward()
        torch.manual_seed(0)
        gumbel = -(-torch.rand(1, 3).log()).log()
        relaxed = logits.detach().clone().requires_grad_()
        (torch.softmax((relaxed + gumbel) / 0.7, dim=-1) * value).sum().backward()
        torch.testing.assert_close(logits.grad, relaxed.grad)

    def test_a_category_beyond_the_true_size_is_never_drawn(self):
        layout = Layout([Block(5)])
        torch.manual_seed(0)
        x = build(layout).generator(*draw(5000))
        assert layout.width == 8
        assert not x[:, layout.padding()].any()
        assert x.isfinite().all()


@pytest.mark.parametrize("recipe", [*TABLE_ARCHITECTURES.values(), *VECTOR_ARCHITECTURES.values()], ids=repr)
def test_recipes_compare_clone_and_print(recipe):
    assert clone(recipe, safe=False) == recipe
    assert eval(repr(recipe), {"MLP": MLP}) == recipe
    assert replace(recipe, width=11) != recipe
