import torch

from ganaug.architectures import MLP
from ganaug.class_outputs import build_networks

TINY = MLP(width=8, latent_dim=2, n_blocks=1)


def build():
    torch.manual_seed(0)
    networks = build_networks(TINY, n_inputs=5, n_classes=3)
    for network in networks[:2]:  # Some weights start at zero, and stop gradients.
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter)
    return networks


def test_real_logit_is_the_sum_of_the_class_logits():
    """Salimans et al., Section 5: D(x) = Z / (Z + 1), the softmax of K + 1 logits whose last is zero."""
    critique = build().discriminator(torch.randn(7, 5), torch.zeros(7, dtype=torch.int64))
    all_logits = torch.cat([critique.class_logits, torch.zeros(7, 1)], dim=1)
    torch.testing.assert_close(critique.logits.sigmoid(), 1 - all_logits.softmax(1)[:, -1])


def test_shapes():
    networks = build()
    nobody = torch.zeros(7, dtype=torch.int64)
    critique = networks.discriminator(networks.generator(torch.randn(7, 2), nobody), nobody)
    assert [tuple(part.shape) for part in critique] == [(7,), (7, 3), (7, 8)]


def test_labels_are_ignored():
    discriminator, x = build().discriminator, torch.randn(4, 5)
    zeros, ones = (discriminator(x, torch.full((4,), label)) for label in (0, 1))
    torch.testing.assert_close(zeros.class_logits, ones.class_logits)


def test_classes_start_equal():
    critique = build_networks(TINY, 5, 3).discriminator(torch.randn(4, 5), torch.zeros(4, dtype=torch.int64))
    torch.testing.assert_close(critique.class_logits.std(0), torch.zeros(3))


def test_gradients_reach_every_parameter():
    networks = build()
    nobody = torch.zeros(7, dtype=torch.int64)
    networks.discriminator(networks.generator(torch.randn(7, 2), nobody), nobody).logits.sum().backward()
    assert all(p.grad is not None and p.grad.any() for network in networks[:2] for p in network.parameters())
