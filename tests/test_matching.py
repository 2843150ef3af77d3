import copy
import pickle
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch
from _tables import TINY_MLP, make_mixed, tiny_table_gan
from safetensors.torch import load_file, save_file
from torch import nn

import ganaug
from ganaug.blocks import Block, Layout
from ganaug.exceptions import ModelFormatError
from ganaug.matching import MarginalMatching, _fit_maps
from ganaug.metrics import column_distances
from ganaug.table_data import TableCodec

LAYOUT = Layout([Block(1), Block(3), Block(1)])  # the last number counts where the category is 0
CASES = {2: 1}
RNG = np.random.default_rng(0)


def make_rows(n, seed=0):
    """Return compact rows: skewed numbers, half of the second missing, and their classes, of which the last is rare."""
    rng = np.random.default_rng(seed)
    category = rng.choice(3, n, p=[0.5, 0.4, 0.1])
    columns = [rng.exponential(size=n), category, np.where(category == 0, rng.uniform(3, 4, n), 0.0)]
    return torch.from_numpy(np.stack(columns, axis=1).astype(np.float32)), torch.arange(n) * 4 // n // 3


def draw_logits(index, n):
    """Return normal numbers and logits that depend on them, as a generator that is quite wrong."""
    generator = torch.Generator().manual_seed(index)
    x = torch.randn(n, LAYOUT.width, generator=generator)
    x[:, LAYOUT.span(1).start + 1] += 2 * x[:, 0]
    x[:, LAYOUT.span(1).start] += 2 * x[:, 1]  # how often the second number counts depends on it
    x[:, LAYOUT.padding()] = -torch.inf
    return x


def fit(min_size=2, n=4000, draw=draw_logits):
    rows, classes = make_rows(n)
    return MarginalMatching.fit(draw, rows, classes, LAYOUT, CASES, min_size), rows, classes


class TestMatchedClass:
    def test_each_column_is_distributed_as_in_training(self):
        matching, rows, _ = fit()
        fresh = draw_logits(5, 20_000)
        torch.manual_seed(0)
        compact = LAYOUT.draw(matching(fresh, torch.zeros(20_000, dtype=torch.int64))).numpy()
        present = compact[:, 1] == 0
        real = rows[:3000].numpy()
        assert np.bincount(compact[:, 1].astype(int)) / 20_000 == pytest.approx([0.5, 0.4, 0.1], abs=0.02)
        for fake, own in ((compact[:, 0], real[:, 0]), (compact[present, 2], real[real[:, 1] == 0, 2])):
            levels = np.linspace(0.02, 0.95, 25)
            assert np.quantile(fake, levels) == pytest.approx(np.quantile(own, levels), abs=0.1)

    def test_the_order_of_numbers_stays(self):
        matching, *_ = fit()
        x = draw_logits(5, 500)
        matched = matching(x.clone(), torch.zeros(500, dtype=torch.int64))
        order = x[:, 0].argsort()
        assert (matched[order, 0].diff() >= -1e-5).all()

    def test_beyond_all_generated_numbers_the_map_goes_on_with_its_mean_slope(self):
        matching, rows, _ = fit()
        x = draw_logits(5, 3)
        x[:, 0] = torch.tensor([50.0, 51.0, 53.0])
        near, far = matching(x, torch.zeros(3, dtype=torch.int64))[:, 0].diff().tolist()
        assert far == pytest.approx(2 * near, rel=1e-3)
        assert near == pytest.approx(float(rows[:3000, 0].max()) / 6.6, rel=0.2)  # 6.6: most of a standard normal

    def test_a_number_that_the_class_has_only_one_of_becomes_that(self):
        rows, classes = make_rows(4000)
        rows[:3000, 0] = 2.5
        matching = MarginalMatching.fit(draw_logits, rows, classes, LAYOUT, CASES, 500)
        matched = matching(draw_logits(5, 5000), torch.zeros(5000, dtype=torch.int64))
        assert matched[:, 0].unique().tolist() == [2.5]

    def test_a_number_that_few_rows_have_is_left_alone(self):
        rows, classes = make_rows(4000)
        rows[:, 1] = torch.where(torch.arange(4000) < 2901, 1.0, 0.0)  # 99 of the first class have it
        x, y = draw_logits(5, 10), torch.zeros(10, dtype=torch.int64)
        few, all_of_them = (
            MarginalMatching.fit(draw_logits, rows, classes, LAYOUT, CASES, n)(x.clone(), y)[:, 1] for n in (500, 99)
        )
        assert torch.allclose(few, x[:, 1], atol=1e-4)
        assert not torch.allclose(all_of_them, x[:, 1], atol=0.1)

    def test_a_value_that_the_class_lacks_becomes_rare_but_not_impossible(self):
        rows, classes = make_rows(400)
        rows[:, 1] = 0
        matching = MarginalMatching.fit(draw_logits, rows, classes, LAYOUT, CASES, 2)
        logits = matching(draw_logits(5, 2000), torch.zeros(2000, dtype=torch.int64))
        shares = logits[:, LAYOUT.span(1)].softmax(1).mean(0)
        assert (shares > 0).all()
        assert shares[0] == pytest.approx(1 - 0.6 / 301, abs=0.004)  # the generator's share counts as one row

    def test_padding_stays_impossible(self):
        matching, *_ = fit()
        logits = matching(draw_logits(5, 10), torch.zeros(10, dtype=torch.int64))
        assert (logits[:, LAYOUT.padding()] == -torch.inf).all()

    @pytest.mark.parametrize("constant", [0, 2], ids=["numbers", "numbers behind a case"])
    def test_a_generator_that_makes_one_value_is_left_alone(self, constant):
        def draw(index, n):
            x = draw_logits(index, n)
            x[:, LAYOUT.numbers.index(constant)] = 1.5
            return x

        matching, *_ = fit(draw=draw)
        matched = matching(draw(5, 10), torch.zeros(10, dtype=torch.int64))
        assert matched[:, LAYOUT.numbers.index(constant)].tolist() == pytest.approx([1.5] * 10)

    def test_a_number_that_never_counts_is_left_alone(self):
        rows, classes = make_rows(400)
        rows[:, 1] = 1
        matching = MarginalMatching.fit(draw_logits, rows, classes, LAYOUT, CASES, 2)
        x = draw_logits(5, 10)
        assert torch.allclose(matching(x.clone(), torch.zeros(10, dtype=torch.int64))[:, 1], x[:, 1], atol=1e-4)


class TestOtherClasses:
    def test_rows_of_a_small_class_keep_their_bits(self):
        matching, _, classes = fit(min_size=2000)
        assert torch.bincount(classes).tolist() == [3000, 1000]
        x, y = draw_logits(5, 6), torch.tensor([0, 1, 0, 1, 1, 0])
        matched = matching(x.clone(), y)
        assert torch.equal(matched[y == 1], x[y == 1])
        assert torch.equal(matched[y == 0], matching(x[y == 0], y[y == 0]))
        assert not torch.equal(matched[y == 0], x[y == 0])

    def test_of_more_maps_than_there_may_be_the_largest_classes_get_theirs(self, monkeypatch):
        rows, classes = make_rows(4000)
        monkeypatch.setattr("ganaug.matching._MOST_MAPS", 3)  # of two numbers each
        matching = MarginalMatching.fit(draw_logits, rows, 1 - classes, LAYOUT, CASES, 2)
        assert matching.places.tolist() == [-1, 0]

    def test_many_maps_are_coarser(self, monkeypatch):
        monkeypatch.setattr("ganaug.matching._TABLE_ENTRIES", 4 * 200)
        assert fit()[0].table.shape == (2, 2, 201)

    def test_no_rows(self):
        matching, *_ = fit()
        assert matching(torch.zeros(0, LAYOUT.width), torch.zeros(0, dtype=torch.int64)).shape == (0, LAYOUT.width)


def test_the_codec_says_which_numbers_come_with_cases():
    a = np.random.default_rng(0).normal(size=60)
    X = pd.DataFrame({"a": a, "b": np.where(a > 1, np.nan, a), "c": list("xyz") * 20})
    codec = TableCodec.fit(X)
    assert [block.size for block in codec.blocks] == [1, 2, 1, 3]
    assert codec.cases == {2: 1}


class Wrapped(nn.Module):
    """A generator that has nothing but what every generator has."""

    def __init__(self, generator):
        super().__init__()
        self.generator = generator

    def forward(self, z, y):
        return self.generator(z, y)


@dataclass(frozen=True)
class WithoutLogits:
    latent_dim: int = TINY_MLP.latent_dim

    def build(self, spec, conditioning):
        networks = TINY_MLP.build(spec, conditioning)
        return networks._replace(generator=Wrapped(networks.generator))


MIXED, LABELS = make_mixed(300), np.repeat(["common", "rare"], [240, 60])


def fit_mixed(**parameters):
    return tiny_table_gan(**{"max_steps": 30, "min_match_size": 100, **parameters}).fit(MIXED, LABELS)


@pytest.fixture(scope="module")
def matched():
    return fit_mixed()


class TestTableGAN:
    def test_large_classes_come_nearer_to_their_columns(self, matched):
        real = MIXED[LABELS == "common"]

        def distance(gan):
            fake = gan.sample(2000, "common", random_state=0)[0]
            return np.mean([column.distance for column in column_distances(real, fake)])

        assert distance(matched) < 0.03 < 0.1 < distance(fit_mixed(min_match_size=None))

    def test_small_classes_are_as_if_none_were_matched(self, matched):
        without = fit_mixed(min_match_size=None)
        rows = [gan.sample(50, "rare", random_state=0)[0] for gan in (matched, without)]
        pd.testing.assert_frame_equal(*rows)

    def test_by_default_from_60_rows_on(self):
        X, y = np.random.default_rng(0).normal(size=(119, 2)), np.repeat(["a", "b"], [60, 59])
        gan = tiny_table_gan().fit(X, y)
        assert gan._matching.places.tolist() == [0, -1]
        assert tiny_table_gan().fit(X[1:], y[1:])._matching is None

    def test_training_is_the_same(self, matched):
        without = fit_mixed(min_match_size=None)
        for own, other in zip(matched.networks_, without.networks_, strict=True):
            if own is not None:
                assert all(map(torch.equal, own.state_dict().values(), other.state_dict().values()))

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda gan: pickle.loads(pickle.dumps(gan))])
    def test_copies_are_matched_too(self, matched, copied):
        rows = [gan.sample(30, random_state=1)[0] for gan in (matched, copied(matched))]
        pd.testing.assert_frame_equal(*rows)

    def test_saved_models_are_matched_too(self, matched, tmp_path):
        matched.save(tmp_path / "model")
        rows = [gan.sample(30, random_state=1)[0] for gan in (matched, ganaug.load(tmp_path / "model"))]
        pd.testing.assert_frame_equal(*rows)

    def test_what_was_pickled_before_the_parameter_is_not_matched(self, matched):
        state = matched.__getstate__()
        del state["min_match_size"]
        state["networks_"] = {name: t for name, t in state["networks_"].items() if not name.startswith("matching")}
        old = ganaug.TableGAN.__new__(ganaug.TableGAN)
        old.__setstate__(state)
        assert old.min_match_size is None
        pd.testing.assert_frame_equal(
            old.sample(9, "rare", random_state=0)[0], matched.sample(9, "rare", random_state=0)[0]
        )

    @pytest.mark.parametrize(
        "damage",
        [
            lambda t: {"matching.table": t["matching.table"][..., :1]},
            lambda t: {"matching.table": t["matching.table"][0]},
            lambda t: {"matching.table": t["matching.table"] * torch.nan},
            lambda t: {"matching.places": t["matching.places"] + 1},
            lambda t: {"matching.places": torch.zeros(10**6, dtype=torch.int64)},
            lambda t: {"matching.offsets": t["matching.offsets"][:, 1:]},
            lambda t: {"matching.table": None},
            lambda t: {"matching.lows": None},
        ],
    )
    def test_damaged_tensors_are_refused(self, matched, damage, tmp_path):
        matched.save(tmp_path / "model")
        path = tmp_path / "model" / "weights.safetensors"
        tensors = load_file(path)
        tensors |= damage(tensors)
        save_file({name: t.contiguous() for name, t in tensors.items() if t is not None}, path)
        with pytest.raises(ModelFormatError, match="matched columns"):
            ganaug.load(tmp_path / "model")

    def test_a_second_fit_forgets_the_first(self, matched):
        gan = copy.deepcopy(matched).set_params(min_match_size=None).fit(MIXED, LABELS)
        assert gan._matching is None

    def test_fine_tuned_classes_are_matched_with_their_own_generator(self):
        gan = fit_mixed(fine_tune_steps=20)
        fake = gan.sample(2000, "common", random_state=0)[0]
        distances = [column.distance for column in column_distances(MIXED[LABELS == "common"], fake)]
        assert np.mean(distances) < 0.03

    def test_a_generator_without_logits_is_left_alone(self):
        gan = fit_mixed(architecture=WithoutLogits(), max_steps=2)
        assert gan._matching is None
        assert gan.sample(5, "common")[0].shape == (5, MIXED.shape[1])

    @pytest.mark.parametrize("value", [1, 0, 2.5, "auto"])
    def test_bad_sizes_are_refused(self, value):
        with pytest.raises((TypeError, ValueError), match="min_match_size must be"):
            tiny_table_gan(min_match_size=value).fit(MIXED, LABELS)


@pytest.mark.parametrize("change", [np.round, lambda x: x.clip(max=0.5), lambda x: x.clip(min=0), lambda x: x * 1e-12])
def test_maps_are_quantiles_of_quantiles_where_numbers_are_tied_too(change):
    fake, real = change(RNG.normal(size=(2, 400)).astype(np.float32)), RNG.exponential(size=(2, 90)).astype(np.float32)
    weights, present = RNG.random((2, 400)), RNG.random((2, 90)) < 0.8
    low, high, table = (
        part.numpy() for part in _fit_maps(*map(torch.from_numpy, (fake, weights, real, present)), n_cells=50)
    )
    for column in range(2):
        order = fake[column].argsort()
        own, weight = fake[column][order].astype(np.float64), weights[column][order]
        below = (weight.cumsum() - weight / 2) / weight.sum()
        ends = np.interp([5e-4, 1 - 5e-4], below, own)
        np.testing.assert_allclose([low[column], high[column]], ends, rtol=1e-12)
        levels = np.interp(np.linspace(*ends, 51), own, below)
        quantiles = np.sort(real[column][present[column]])
        expected = np.interp(levels, np.linspace(0, 1, len(quantiles)), quantiles)
        np.testing.assert_allclose(table[column], expected, rtol=1e-6)


def test_numbers_that_are_not_finite_are_left_alone():
    def draw(index, n):
        x = draw_logits(index, n)
        x[0, 0] = torch.inf
        return x

    matching, *_ = fit(draw=draw)
    assert matching.cells_per_unit[0].tolist()[0] == 1
    assert matching.cells_per_unit[0].tolist()[1] != 1
