"""SampleBank: made whole or not at all, exact when repeated, safe in workers, strict when opened."""

import copy
import errno
import gc
import json
import os
import pickle
import shutil
from collections import namedtuple

import numpy as np
import pytest
import torch
from _fakes import LAYOUTS, FakeGAN
from PIL import Image
from sklearn.exceptions import NotFittedError
from torch.utils.data import ConcatDataset, DataLoader, TensorDataset

from ganaug.bank import SampleBank
from ganaug.exceptions import ModelFormatError, QuotaError

QUOTAS = {"cat": 3, "dog": 0, "emu": 5}


@pytest.fixture
def bank(fake_gan):
    return SampleBank.from_gan(fake_gan, QUOTAS, random_state=0)


@pytest.fixture
def saved(fake_gan, tmp_path):
    return SampleBank.from_gan(fake_gan, QUOTAS, path=tmp_path / "bank", random_state=0)


def real_images(n_per_class=6):
    labels = np.repeat(["cat", "dog", "emu"], n_per_class)
    return FakeGAN().layout_.decode(FakeGAN().sample_pixels(labels, 1)), labels


class TestContents:
    def test_every_class_has_its_quota_and_its_own_images(self, bank):
        assert bank.counts == QUOTAS
        assert bank.labels.tolist() == ["cat"] * 3 + ["emu"] * 5
        assert (bank.pixels[:3] // 10 == 6).all()
        assert (bank.pixels[3:] // 10 == 18).all()

    def test_one_number_is_every_class_quota(self, fake_gan):
        assert SampleBank.from_gan(fake_gan, 2).counts == {"cat": 2, "dog": 2, "emu": 2}

    def test_a_class_left_out_of_the_mapping_gets_none(self, fake_gan):
        assert SampleBank.from_gan(fake_gan, {"emu": 1}).counts == {"cat": 0, "dog": 0, "emu": 1}

    def test_all_quotas_may_be_zero(self, fake_gan):
        assert len(SampleBank.from_gan(fake_gan, 0)) == 0

    def test_indices_are_contiguous_ranges(self, bank):
        assert [bank.indices(label) for label in bank.classes] == [range(3), range(3, 3), range(3, 8)]

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_items_are_typed_like_the_training_data(self, layout):
        gan = FakeGAN(labels=[3, 7], layout=layout)
        bank = SampleBank.from_gan(gan, 2)
        image, label = bank[-1]
        assert type(image) is type(gan.layout_.decode_one(bank.pixels[0]))
        assert (type(label), label) == (int, 7)
        if layout == "pil":
            assert (image.size, image.mode) == ((10, 8), "RGB")
        else:
            assert str(image.dtype).endswith(gan.layout_.dtype)

    def test_labels_of_any_kind_come_back(self):
        labels = [("a", 1), ("b", 2)]
        bank = SampleBank.from_gan(FakeGAN(labels), 2)
        assert [label for _, label in bank] == [("a", 1)] * 2 + [("b", 2)] * 2

    def test_items_do_not_share_memory_with_the_bank(self):
        bank = SampleBank.from_gan(FakeGAN(layout="tensor"), 1)
        bank[0][0].zero_()
        assert bank[0][0].min() > 0

    def test_pixels_are_read_only(self, bank):
        with pytest.raises(ValueError, match="read-only"):
            bank.pixels[0] = 0

    def test_transform_gets_the_image(self, fake_gan):
        bank = SampleBank.from_gan(fake_gan, 1, transform=np.asarray)
        assert bank[0][0].shape == (8, 10, 3)

    def test_index_beyond_the_end_ends_iteration(self, bank):
        assert len(list(bank)) == len(bank) == 8

    def test_repr_says_size_classes_and_place(self, saved, bank):
        assert repr(bank) == "SampleBank(8 images of 8x10x3, 3 classes of 0 to 5, temporary)"
        assert str(saved.path) in repr(saved)


class TestFromArrays:
    def test_arrays_are_sorted_by_class(self):
        X = np.arange(4, dtype=np.uint8)[:, None, None] * np.ones((8, 8), np.uint8)
        bank = SampleBank.from_arrays(X, ["b", "a", "b", "a"])
        assert bank.pixels[:, 0, 0, 0].tolist() == [1, 3, 0, 2]
        assert bank.labels.tolist() == ["a", "a", "b", "b"]
        np.testing.assert_array_equal(bank[0][0], X[1])

    def test_a_list_of_pil_images_comes_back_as_pil(self, tmp_path):
        images, labels = real_images(2)
        bank = SampleBank.from_arrays(images, labels, path=tmp_path / "bank")
        assert isinstance(SampleBank.open(tmp_path / "bank")[0][0], Image.Image)
        assert bank.provenance == {"source": "arrays"}


class TestRepeating:
    def test_same_seed_gives_the_same_bytes(self, saved, fake_gan, tmp_path):
        again = SampleBank.from_gan(fake_gan, QUOTAS, path=tmp_path / "again", random_state=0)
        for name in ("bank.json", "pixels.npy", "labels.npy"):
            assert (saved.path / name).read_bytes() == (again.path / name).read_bytes()

    def test_the_seed_drawn_is_kept_and_repeats_the_bank(self, fake_gan):
        first = SampleBank.from_gan(fake_gan, 4)
        again = SampleBank.from_gan(fake_gan, 4, random_state=first.provenance["random_state"])
        other = SampleBank.from_gan(fake_gan, 4)
        assert np.array_equal(first.pixels, again.pixels)
        assert not np.array_equal(first.pixels, other.pixels)

    def test_a_class_does_not_depend_on_other_quotas(self, bank, fake_gan):
        other = SampleBank.from_gan(fake_gan, {"cat": 9, "emu": 5}, random_state=0)
        assert np.array_equal(bank.pixels[3:], other.pixels[9:])

    def test_filters_repeat_as_well(self):
        banks = [
            SampleBank.from_gan(FakeGAN(junk=0.5), 4, filters=["discriminator"], real=real_images(), random_state=3)
            for _ in range(2)
        ]
        assert np.array_equal(banks[0].pixels, banks[1].pixels)


class TestFilters:
    @pytest.mark.parametrize("name", ["confidence", "neighbour"])
    def test_junk_is_drawn_again_until_the_quota_is_met(self, name):
        bank = SampleBank.from_gan(
            FakeGAN(junk=0.3), 10, filters=[name], real=real_images(), batch_size=40, random_state=0
        )
        assert set(bank.counts.values()) == {10}
        assert bank.pixels[10:].min() >= 120  # the classifier takes dark images for 'cat'
        assert all(0 < rate < 0.95 for rate in bank.provenance["acceptance_rates"])

    def test_all_filters_must_agree(self):
        class Keep:
            def __init__(self, parity):
                self.parity = parity

            def fit(self, X, y, gan=None):
                return self

            def keep(self, X, y):
                values = [int(np.asarray(image)[0, 0, 0]) for image in X]
                judged[self.parity] += values
                return np.array([value % self.parity == 0 for value in values])

        judged = {2: [], 3: []}
        bank = SampleBank.from_gan(FakeGAN(), 5, filters=[Keep(2), Keep(3)], real=real_images())
        assert (bank.pixels[:, 0, 0, 0] % 6 == 0).all()
        assert judged[3] == [value for value in judged[2] if value % 2 == 0]  # only what the first has kept

    def test_a_quota_out_of_reach_names_each_class_and_its_rate(self, tmp_path):
        gan = FakeGAN(junk=1.0)
        with pytest.raises(QuotaError, match=r"class 'cat': kept 0 of the 4 wanted in 12 draws .*0\.0%.*'emu'"):
            SampleBank.from_gan(gan, 4, path=tmp_path / "bank", filters=["neighbour"], real=real_images(), max_draws=3)
        assert not list(tmp_path.iterdir())

    def test_filters_without_real_images_are_refused(self, fake_gan):
        with pytest.raises(ValueError, match=r"pass real=\(X, y\)"):
            SampleBank.from_gan(fake_gan, 1, filters=["neighbour"])

    def test_an_unknown_filter_suggests_the_nearest(self, fake_gan):
        with pytest.raises(ValueError, match=r"Unknown filter 'neighbor'.*Did you mean 'neighbour'"):
            SampleBank.from_gan(fake_gan, 1, filters="neighbor", real=real_images())

    def test_real_images_of_another_size_are_refused(self, fake_gan):
        with pytest.raises(ValueError, match=r"makes images of .* \(3, 8, 10\), but the data has \(3, 12, 12\)"):
            SampleBank.from_gan(
                fake_gan, 1, filters=["neighbour"], real=(np.zeros((2, 12, 12, 3), np.uint8), ["cat", "dog"])
            )


class TestWriting:
    def test_an_error_while_drawing_leaves_nothing_behind(self, fake_gan, tmp_path, monkeypatch):
        monkeypatch.setattr(fake_gan, "sample_pixels", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            SampleBank.from_gan(fake_gan, 2, path=tmp_path / "bank")
        assert not list(tmp_path.iterdir())

    def test_an_error_leaves_the_old_bank_in_place(self, saved, fake_gan, monkeypatch):
        before = saved.pixels.copy()
        monkeypatch.setattr(fake_gan, "sample_pixels", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            SampleBank.from_gan(fake_gan, 2, path=saved.path, overwrite=True)
        assert np.array_equal(SampleBank.open(saved.path).pixels, before)

    def test_an_existing_bank_is_replaced_only_when_asked(self, saved, fake_gan):
        with pytest.raises(FileExistsError, match=r"already holds a bank.*overwrite=True"):
            SampleBank.from_gan(fake_gan, 1, path=saved.path)
        assert len(SampleBank.from_gan(fake_gan, 1, path=saved.path, overwrite=True)) == 3
        assert os.listdir(saved.path.parent) == ["bank"]

    def test_a_foreign_folder_is_never_replaced(self, fake_gan, tmp_path):
        (tmp_path / "thesis.txt").write_text("important")
        with pytest.raises(FileExistsError, match="is not a bank, so it is left alone"):
            SampleBank.from_gan(fake_gan, 1, path=tmp_path, overwrite=True)
        assert fake_gan.n_drawn == 0

    def test_an_empty_folder_is_filled(self, fake_gan, tmp_path):
        assert len(SampleBank.from_gan(fake_gan, 1, path=tmp_path)) == 3

    def test_a_full_disk_is_found_out_before_drawing(self, fake_gan, tmp_path, monkeypatch):
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 10, 0))
        with pytest.raises(OSError, match=r"MB are needed and the disk has 0.0 MB left; free some") as caught:
            SampleBank.from_gan(fake_gan, 1, path=tmp_path / "new" / "bank")
        assert caught.value.errno == errno.ENOSPC
        assert fake_gan.n_drawn == 0
        assert not list(tmp_path.iterdir())

    def test_labels_that_cannot_be_saved_are_found_out_before_drawing(self):
        gan = FakeGAN([frozenset("a"), frozenset("b")])
        with pytest.raises(TypeError, match="cannot be saved"):
            SampleBank.from_gan(gan, 1)
        assert gan.n_drawn == 0


class TestArguments:
    def test_an_unknown_label_suggests_the_nearest(self, fake_gan):
        with pytest.raises(ValueError, match=r"names the class 'catt'.*Did you mean 'cat'"):
            SampleBank.from_gan(fake_gan, {"catt": 1})

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"n_per_class": -1}, ValueError, "n_per_class must be an integer from 0"),
            ({"n_per_class": {"cat": 1.5}}, TypeError, r"n_per_class\['cat'\] must be an integer"),
            ({"n_per_class": 1, "max_draws": 0}, ValueError, "max_draws must be an integer from 1"),
            ({"n_per_class": 1, "batch_size": 0}, ValueError, "batch_size must be an integer from 1"),
        ],
    )
    def test_wrong_numbers_are_named(self, fake_gan, arguments, error, message):
        with pytest.raises(error, match=message):
            SampleBank.from_gan(fake_gan, **arguments)

    def test_an_unfitted_gan_is_refused(self):
        with pytest.raises(NotFittedError, match=r"got object; call fit\(X, y\) first"):
            SampleBank.from_gan(object(), 1)

    def test_indices_of_an_unknown_label_suggest_the_nearest(self, bank):
        with pytest.raises(ValueError, match=r"does not know the label 'em' of type str.*Did you mean 'emu'"):
            bank.indices("em")


class TestDraw:
    def test_draws_follow_torch_generators(self, bank):
        draws = [np.asarray(bank.draw("emu", torch.Generator().manual_seed(s))) for s in (1, 1, 2, 3, 4)]
        assert np.array_equal(draws[0], draws[1])
        assert len({draw.tobytes() for draw in draws}) > 1
        assert all((draw // 10 == 18).all() for draw in draws)

    def test_a_class_without_samples_cannot_be_drawn(self, bank):
        with pytest.raises(ValueError, match="holds no sample of 'dog'"):
            bank.draw("dog")


class TestOpening:
    def test_a_saved_bank_comes_back(self, saved):
        opened = SampleBank.open(str(saved.path))
        assert np.array_equal(opened.pixels, saved.pixels)
        assert (opened.counts, opened.layout, opened.provenance) == (
            saved.counts,
            saved.layout,
            saved.provenance,
        )

    def damage(self, saved, **changes):
        path = saved.path / "bank.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    def test_no_folder(self, tmp_path):
        with pytest.raises(ModelFormatError, match=r"There is no bank at .*without path= is removed"):
            SampleBank.open(tmp_path / "nowhere")

    def test_foreign_folder(self, tmp_path):
        with pytest.raises(ModelFormatError, match=r"is not a bank: it has no bank.json"):
            SampleBank.open(tmp_path)

    def test_foreign_file(self, tmp_path):
        (tmp_path / "file").write_text("x")
        with pytest.raises(ModelFormatError, match="is not a bank"):
            SampleBank.open(tmp_path / "file")

    @pytest.mark.parametrize("text", ["{", "[]", '{"format": "other"}', "\xff"])
    def test_damaged_manifest(self, saved, text):
        (saved.path / "bank.json").write_bytes(text.encode("latin-1"))
        with pytest.raises(ModelFormatError, match=r"bank\.json is damaged or foreign"):
            SampleBank.open(saved.path)

    def test_newer_version(self, saved):
        self.damage(saved, version=99)
        with pytest.raises(ModelFormatError, match=r"has bank version 99 .* upgrade ganaug"):
            SampleBank.open(saved.path)

    @pytest.mark.parametrize("changes", [{"layout": {}}, {"classes": 3}, {"counts": "x"}, {"provenance": None}])
    def test_malformed_entry(self, saved, changes):
        self.damage(saved, **changes)
        with pytest.raises(ModelFormatError, match=r"bank\.json .* an entry is missing or malformed"):
            SampleBank.open(saved.path)

    def test_counts_that_do_not_fit_the_classes(self, saved):
        self.damage(saved, counts=[8])
        with pytest.raises(ModelFormatError, match="3 classes have the counts"):
            SampleBank.open(saved.path)

    def test_pixels_of_another_shape(self, saved):
        self.damage(saved, counts=[3, 1, 5])
        with pytest.raises(ModelFormatError, match=r"pixels\.npy .* uint8 \(9, 3, 8, 10\) was announced"):
            SampleBank.open(saved.path)

    def test_labels_that_contradict_the_counts(self, saved):
        self.damage(saved, counts=[5, 0, 3])
        with pytest.raises(ModelFormatError, match=r"labels\.npy .* not sorted with the counts"):
            SampleBank.open(saved.path)

    @pytest.mark.parametrize("name", ["pixels.npy", "labels.npy"])
    def test_truncated_file(self, saved, name):
        whole = (saved.path / name).read_bytes()
        (saved.path / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ModelFormatError, match=f"{name} is damaged"):
            SampleBank.open(saved.path)

    @pytest.mark.parametrize("name", ["pixels.npy", "labels.npy"])
    def test_missing_file(self, saved, name):
        (saved.path / name).unlink()
        with pytest.raises(ModelFormatError, match=f"{name} .*the file is missing"):
            SampleBank.open(saved.path)

    def test_pickled_arrays_are_never_loaded(self, saved):
        np.save(saved.path / "labels.npy", np.array([print], dtype=object), allow_pickle=True)
        with pytest.raises(ModelFormatError, match=r"labels\.npy is damaged"):
            SampleBank.open(saved.path)


class TestTemporary:
    def test_the_folder_goes_with_the_bank(self, fake_gan):
        bank = SampleBank.from_gan(fake_gan, 1)
        path = bank.path
        assert path.is_dir()
        assert bank.is_temporary
        del bank
        gc.collect()
        assert not path.exists()

    def test_a_deep_copy_keeps_the_folder(self, fake_gan):
        bank = SampleBank.from_gan(fake_gan, 1)
        duplicate = copy.deepcopy(bank)
        del bank
        gc.collect()
        assert len(SampleBank.open(duplicate.path)) == 3

    def test_a_pickled_copy_does_not_own_the_folder(self, bank):
        duplicate = pickle.loads(pickle.dumps(bank))
        assert not duplicate.is_temporary
        del duplicate
        gc.collect()
        assert bank.path.is_dir()

    def test_a_forked_child_does_not_remove_the_folder(self, bank):
        child = os.fork()
        if child == 0:
            bank._temporary._finalizer()
            os._exit(0)
        os.waitpid(child, 0)
        assert bank.path.is_dir()


class TestInDataLoaders:
    def test_pickle_carries_the_path_not_the_pixels(self, fake_gan):
        bank = SampleBank.from_gan(fake_gan, 200)
        assert len(pickle.dumps(bank)) < 500
        assert np.array_equal(pickle.loads(pickle.dumps(bank)).pixels, bank.pixels)

    @pytest.mark.parametrize("context", ["fork", "spawn"])
    def test_workers_read_the_same_samples_beside_real_data(self, context):
        bank = SampleBank.from_gan(FakeGAN([0, 1], layout="tensor"), 4, random_state=0)
        real = TensorDataset(torch.zeros(3, 3, 8, 10, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64))
        real = [(image, int(label)) for image, label in real]
        loader = DataLoader(ConcatDataset([real, bank]), batch_size=4, num_workers=1, multiprocessing_context=context)
        batches = list(loader)
        images, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
        assert np.array_equal(images[3:].numpy(), bank.pixels)
        assert labels.tolist() == [0] * 3 + [0] * 4 + [1] * 4
        assert bank.path.is_dir()
