"""GANAugment for torchvision: what is replaced and by what, what stays, and the host's own contract."""

import copy
import io
import pickle
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
import torch
from _fakes import LAYOUTS, FakeGAN
from PIL import Image
from torch.utils.data import DataLoader, Dataset, default_collate
from torchvision import tv_tensors
from torchvision.transforms import v2

from ganaug.bank import SampleBank
from ganaug.exceptions import ModelFormatError
from ganaug.transforms.torchvision import GANAugment

H, W = 8, 10
BRIGHTNESS = {"cat": 6, "dog": 12, "emu": 18}  # tens of grey levels, see FakeGAN


def make_bank(channels=3, labels=("cat", "dog", "emu"), n_per_class=20):
    bank = SampleBank.from_gan(FakeGAN(labels), n_per_class, random_state=0)
    if channels == 3:
        return bank
    pixels = np.repeat(bank.pixels[:, :1], channels, axis=1)
    return SampleBank.from_arrays(pixels.transpose(0, 2, 3, 1), bank.labels)


@pytest.fixture(scope="module")
def bank():
    return make_bank()


@pytest.fixture(scope="module")
def int_bank():
    return make_bank(labels=(2, 3, 7))


def black_pil(mode="RGB"):
    return Image.new(mode, (W, H))


def black_jpeg():
    file = io.BytesIO()
    black_pil().save(file, "jpeg")
    return Image.open(file)


IMAGES = {
    "pil-rgb": (3, black_pil),
    "pil-l": (1, lambda: black_pil("L")),
    "pil-rgba": (4, lambda: black_pil("RGBA")),
    "pil-file": (3, black_jpeg),
    "uint8": (3, lambda: torch.zeros(3, H, W, dtype=torch.uint8)),
    "uint8-grey": (1, lambda: torch.zeros(1, H, W, dtype=torch.uint8)),
    "uint8-no-channel": (1, lambda: torch.zeros(H, W, dtype=torch.uint8)),
    "float32": (3, lambda: torch.zeros(3, H, W)),
    "float64": (3, lambda: torch.zeros(3, H, W, dtype=torch.float64)),
    "float16": (3, lambda: torch.zeros(3, H, W, dtype=torch.float16)),
    "bfloat16": (3, lambda: torch.zeros(3, H, W, dtype=torch.bfloat16)),
    "tv-uint8": (3, lambda: tv_tensors.Image(torch.zeros(3, H, W, dtype=torch.uint8))),
    "tv-float": (3, lambda: tv_tensors.Image(torch.zeros(3, H, W))),
    "array-hwc": (3, lambda: np.zeros((H, W, 3), np.uint8)),
    "array-hw": (1, lambda: np.zeros((H, W), np.uint8)),
    "array-float": (3, lambda: np.zeros((H, W, 3), np.float32)),
}


def as_levels(image):
    """Return pixels as numbers from 0 to 255, whatever the image is."""
    values = image.float().numpy() if isinstance(image, torch.Tensor) else np.asarray(image)
    is_float = "float" in str(getattr(image, "dtype", ""))
    return np.round(np.asarray(values, np.float64) * (255 if is_float else 1))


def shows(image, label):
    tens = as_levels(image) // 10
    slack = 1 if "16" in str(getattr(image, "dtype", "")) else 0
    return bool((abs(tens - BRIGHTNESS[label]) <= slack).all())


class TestSingleImages:
    @pytest.mark.parametrize("kind", IMAGES)
    def test_replaced_image_keeps_type_shape_and_dtype(self, kind):
        channels, make = IMAGES[kind]
        image = make()
        replaced, label = GANAugment(make_bank(channels), p=1.0)(image, "dog")
        assert label == "dog"
        assert shows(replaced, "dog")
        if isinstance(image, Image.Image):
            assert isinstance(replaced, Image.Image)
            assert (replaced.mode, replaced.size) == (image.mode, image.size)
        else:
            assert type(replaced) is type(image)
            assert (replaced.dtype, replaced.shape) == (image.dtype, image.shape)

    @pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
    def test_every_pixel_of_a_pil_image_is_in_its_place(self, mode):
        levels = np.random.default_rng(0).integers(256, size=(1, H, W, len(mode)), dtype=np.uint8)
        bank = SampleBank.from_arrays(levels, [0])
        image, _ = GANAugment(bank, p=1.0)(black_pil(mode), 0)
        assert np.array_equal(np.asarray(image).reshape(levels[0].shape), levels[0])

    @pytest.mark.parametrize("kind", IMAGES)
    def test_image_that_is_not_replaced_is_the_same_object(self, kind):
        channels, make = IMAGES[kind]
        sample = (make(), "dog")
        assert GANAugment(make_bank(channels), p=0.0)(sample) is sample

    def test_about_p_of_the_images_are_replaced_by_all_samples(self, bank):
        torch.manual_seed(0)
        augment = GANAugment(bank, p=0.3)
        image = torch.zeros(3, H, W, dtype=torch.uint8)
        outputs = [augment(image, "emu")[0] for _ in range(1000)]
        replaced = [output.numpy().tobytes() for output in outputs if output is not image]
        assert 250 < len(replaced) < 350
        assert len(set(replaced)) == 20

    def test_p_may_differ_between_classes(self, bank):
        augment = GANAugment(bank, p={"cat": 1.0, "emu": 0.0})
        image = black_pil()
        assert shows(augment(image, "cat")[0], "cat")
        assert augment(image, "emu")[0] is image
        assert augment(image, "dog")[0] is image

    def test_classes_without_samples_are_left_alone(self):
        bank = SampleBank.from_gan(FakeGAN(), {"cat": 3})
        image = black_pil()
        assert GANAugment(bank, p=1.0)(image, "dog")[0] is image

    def test_changing_a_replaced_image_leaves_the_bank(self, bank):
        before = bank.pixels.copy()
        GANAugment(bank, p=1.0)(torch.zeros(3, H, W, dtype=torch.uint8), "cat")[0].zero_()
        assert np.array_equal(before, bank.pixels)

    def test_replaced_pil_image_can_be_drawn_into(self):
        bank = make_bank(1)
        before = bank.pixels.copy()
        image, _ = GANAugment(bank, p=1.0)(black_pil("L"), "cat")
        image.putpixel((0, 0), 255)
        assert image.getpixel((0, 0)) == 255
        assert np.array_equal(before, bank.pixels)

    def test_float_range_is_what_the_user_says(self, bank):
        augment = GANAugment(bank, p=1.0, float_range=(-1, 1))
        image, _ = augment(torch.full((3, H, W), -1.0), "emu")
        assert ((image + 1) * 127.5).round().min() >= 180

    def test_resize_fits_the_sample_to_the_image(self, bank):
        augment = GANAugment(bank, p=1.0, resize=True)
        assert shows(augment(Image.new("RGB", (20, 30)), "dog")[0], "dog")
        assert augment(Image.new("RGB", (20, 30)), "dog")[0].size == (20, 30)
        assert augment(torch.zeros(3, 30, 20), "dog")[0].shape == (3, 30, 20)
        batch = torch.zeros(2, 3, 4, 5, dtype=torch.uint8)
        assert shows(augment(batch, ["dog", "dog"])[0], "dog")


class TestLabels:
    @pytest.mark.parametrize(
        "label",
        [3, np.int64(3), np.array(3), np.array([3]), torch.tensor(3), torch.tensor([3]), torch.tensor(3.0)],
    )
    def test_integer_labels_of_any_type(self, int_bank, label):
        image, returned = GANAugment(int_bank, p=1.0)(black_pil(), label)
        assert returned is label
        assert shows(image, "dog")

    def test_tuples_may_be_labels(self):
        bank = make_bank(labels=[("a", 1), ("b", 2), ("c", 3)])
        assert shows(GANAugment(bank, p=1.0)(black_pil(), ("b", 2))[0], "dog")

    @pytest.mark.parametrize("key", ["label", "labels", "Label", "target", "targets", "y", "class_label"])
    def test_default_getter_knows_usual_keys(self, bank, key):
        sample = {"id": "dog", "image": black_pil(), key: "emu"}
        assert shows(GANAugment(bank, p=1.0)(sample)["image"], "emu")

    def test_default_getter_looks_into_the_second_item(self, bank):
        sample = (black_pil(), {"meta": "dog", "target": {"label": "emu"}})
        assert shows(GANAugment(bank, p=1.0)(sample)[0], "emu")

    def test_exact_keys_win_over_keys_that_contain_label(self, bank):
        sample = {"label_source": "x", "image": black_pil(), "target": "emu", "label": "dog"}
        assert shows(GANAugment(bank, p=1.0)(sample)["image"], "dog")

    def test_getter_may_be_a_callable(self, bank):
        augment = GANAugment(bank, p=1.0, labels_getter=lambda sample: sample["species"])
        assert shows(augment({"image": black_pil(), "species": "cat"})["image"], "cat")

    @pytest.mark.parametrize("labels_getter", ["default", None])
    def test_a_bank_with_one_class_needs_no_label(self, labels_getter):
        bank = SampleBank.from_gan(FakeGAN(["dog", "zzz"]), {"dog": 5})
        bank = SampleBank.from_arrays(bank.pixels.transpose(0, 2, 3, 1), bank.labels)
        augment = GANAugment(bank, p=1.0, labels_getter=labels_getter)
        assert shows(augment(black_pil()), "cat")
        assert shows(augment(torch.zeros(5, 3, H, W)), "cat")


class TestBatches:
    @pytest.mark.parametrize("kind", ["uint8", "float32", "float16", "tv-uint8", "tv-float"])
    @pytest.mark.parametrize("form", ["tensor", "array", "list", "column"])
    def test_each_row_keeps_its_class(self, int_bank, kind, form):
        labels = torch.tensor([2, 7, 3, 3, 7, 2])
        forms = {
            "tensor": labels,
            "array": labels.numpy(),
            "list": labels.tolist(),
            "column": labels[:, None],
        }
        image = IMAGES[kind][1]()
        batch = torch.stack([image] * 6)
        batch = tv_tensors.wrap(batch, like=image) if isinstance(image, tv_tensors.Image) else batch
        replaced, returned = GANAugment(int_bank, p=1.0)(batch, forms[form])
        assert returned == forms[form] if form == "list" else returned is forms[form]
        assert (type(replaced), replaced.dtype, replaced.shape) == (type(batch), batch.dtype, batch.shape)
        for row, label in zip(replaced, labels.tolist(), strict=True):
            assert shows(row, {2: "cat", 3: "dog", 7: "emu"}[label])

    def test_string_labels(self, bank):
        batch, _ = GANAugment(bank, p=1.0)(torch.zeros(2, 3, H, W), ["emu", "cat"])
        assert shows(batch[0], "emu")
        assert shows(batch[1], "cat")

    def test_about_p_of_the_rows_are_replaced_and_the_input_stays(self, int_bank):
        torch.manual_seed(0)
        batch = torch.zeros(1000, 3, H, W, dtype=torch.uint8)
        labels = torch.tensor([2, 7]).repeat(500)
        replaced, _ = GANAugment(int_bank, p={2: 0.1, 7: 0.6})(batch, labels)
        changed = replaced.amax(dim=(1, 2, 3)) > 0
        assert 25 < changed[labels == 2].sum() < 75
        assert 250 < changed[labels == 7].sum() < 350
        assert len(set(map(bytes, replaced[changed].numpy()))) == 40
        assert not batch.any()

    def test_batch_of_which_nothing_is_replaced_is_the_same_object(self, int_bank):
        sample = (torch.zeros(2, 3, H, W), torch.tensor([2, 2]))
        assert GANAugment(int_bank, p={7: 1.0})(sample) is sample

    def test_grey_batches_without_channel_axis(self):
        bank = make_bank(1, labels=[0, 1, 2])
        batch, _ = GANAugment(bank, p=1.0)(torch.zeros(4, H, W, dtype=torch.uint8), torch.tensor([1, 1, 1, 1]))
        assert batch.shape == (4, H, W)
        assert shows(batch, "dog")

    def test_batch_of_one(self, int_bank):
        assert shows(GANAugment(int_bank, p=1.0)(torch.zeros(1, 3, H, W), torch.tensor([3]))[0], "dog")

    def test_int32_and_negative_labels(self):
        bank = make_bank(labels=[-5, 0, 9])
        batch, _ = GANAugment(bank, p=1.0)(torch.zeros(2, 3, H, W), torch.tensor([9, -5], dtype=torch.int32))
        assert shows(batch[0], "emu")
        assert shows(batch[1], "cat")

    def test_memory_format_stays(self, int_bank):
        batch = torch.zeros(2, 3, H, W).to(memory_format=torch.channels_last)
        replaced, _ = GANAugment(int_bank, p=1.0)(batch, torch.tensor([2, 3]))
        assert replaced.is_contiguous(memory_format=torch.channels_last)

    def test_in_collate_fn(self, int_bank):
        data = [(torch.zeros(3, H, W, dtype=torch.uint8), 3)] * 6
        augment = GANAugment(int_bank, p=1.0)
        loader = DataLoader(data, batch_size=3, collate_fn=lambda batch: augment(*default_collate(batch)))
        assert all(shows(images, "dog") for images, _ in loader)


Sample = namedtuple("Sample", ["image", "label"])


class TestHostContract:
    """What torchvision's own test suite asks of its transforms."""

    def test_any_structure_comes_back_with_all_else_by_identity(self, bank):
        image, other, extra = black_pil(), torch.rand(2, 3), object()
        sample = {
            "views": [image, (tv_tensors.Image(torch.zeros(3, H, W)), extra)],
            "label": "emu",
            "numbers": other,
            "more": OrderedDict(a=None, b=[1, "two"]),
        }
        output = GANAugment(bank, p=1.0)(sample)
        assert list(output) == list(sample)
        assert isinstance(output["views"], list)
        assert isinstance(output["views"][1], tuple)
        assert output["views"][1][1] is extra
        assert output["numbers"] is other
        assert isinstance(output["more"], OrderedDict)
        assert output["more"] == sample["more"]
        assert shows(output["views"][0], "emu")
        assert shows(output["views"][1][0], "emu")
        assert np.array_equal(as_levels(output["views"][0]).transpose(2, 0, 1), as_levels(output["views"][1][0]))

    def test_named_tuples_and_lists_stay_what_they_are(self, bank):
        augment = GANAugment(bank, p=1.0)
        assert isinstance(augment(Sample(black_pil(), "cat")), Sample)
        assert isinstance(augment([black_pil(), "cat"]), list)

    def test_a_label_tensor_before_the_image_is_not_taken_for_it(self, int_bank):
        labels = torch.tensor([3, 3])
        output = GANAugment(int_bank, p=1.0)({"label": labels, "image": torch.zeros(2, 3, H, W)})
        assert output["label"] is labels
        assert shows(output["image"], "dog")

    def test_only_the_first_pure_tensor_is_an_image(self, bank):
        second = torch.zeros(3, H, W)
        first, _, returned = GANAugment(bank, p=1.0)(torch.zeros(3, H, W), "dog", second)
        assert shows(first, "dog")
        assert returned is second

    @pytest.mark.parametrize(
        "sample",
        [
            (black_pil(), {"boxes": torch.tensor([[1.0, 1, 4, 4]]), "labels": torch.tensor([3])}),
            {"image": torch.zeros(3, H, W), "mask": torch.zeros(H, W), "label": 3},
            {"mask": torch.zeros(3, H, W), "image": torch.zeros(3, H, W), "label": 3},
            {"parts": [{"keypoints": torch.zeros(2, 2)}], "image": black_pil(), "label": 3},
        ],
        ids=["boxes", "mask", "mask first", "nested"],
    )
    def test_plain_boxes_and_masks_are_told_by_their_key(self, int_bank, sample):
        with pytest.raises(ValueError, match=r"holds '(boxes|mask|keypoints)', which would not fit a synthetic image"):
            GANAugment(int_bank, p=1.0)(sample)
        assert GANAugment(int_bank, p=1.0, on_structure="skip")(sample) is sample

    def test_a_missing_mask_is_none(self, int_bank):
        output = GANAugment(int_bank, p=1.0)({"image": torch.zeros(3, H, W), "mask": None, "label": 3})
        assert shows(output["image"], "dog")

    @pytest.mark.parametrize("kind", [torch.zeros, np.zeros])
    def test_a_named_image_wins_over_an_earlier_tensor(self, int_bank, kind):
        depth = torch.zeros(3, H, W)
        image = kind((3, H, W)) if kind is torch.zeros else kind((H, W, 3), np.float32)
        output = GANAugment(int_bank, p=1.0)({"depth": depth, "image": image, "label": 3})
        assert output["depth"] is depth
        assert shows(output["image"], "dog")

    def test_pickle_and_deepcopy_give_an_equal_transform(self, bank):
        augment = GANAugment(bank, p={"cat": 0.5}, on_structure="skip")
        for duplicate in (pickle.loads(pickle.dumps(augment)), copy.deepcopy(augment)):
            assert repr(duplicate).replace(repr(duplicate.bank), "") == repr(augment).replace(repr(bank), "")
            results = []
            for transform in (augment, duplicate):
                torch.manual_seed(3)
                results.append([as_levels(transform(black_pil(), "cat")[0]).sum() for _ in range(20)])
            assert results[0] == results[1]

    def test_in_a_compose_with_other_v2_transforms(self, bank):
        chain = v2.Compose(
            [
                GANAugment(bank, p=1.0),
                v2.RandomHorizontalFlip(),
                v2.PILToTensor(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize([0.5] * 3, [0.5] * 3),
            ]
        )
        image, label = chain((black_pil(), "emu"))
        assert shows((image + 1) / 2, "emu")
        assert label == "emu"

    def test_in_random_apply_and_with_mixup(self, int_bank):
        chain = v2.Compose([v2.RandomApply([GANAugment(int_bank, p=1.0)], p=1.0), v2.MixUp(num_classes=8)])
        images, labels = chain(torch.zeros(4, 3, H, W), torch.tensor([2, 3, 7, 7]))
        assert images.min() > 0.2
        assert labels.shape == (4, 8)

    @pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
    def test_scripting_is_refused_as_for_its_kind(self, bank):
        with pytest.raises(RuntimeError, match="GANAugment cannot be JIT scripted"):
            torch.jit.script(GANAugment(bank))

    def test_repr_shows_the_options(self, bank):
        assert repr(GANAugment(bank, p=0.25)) == (
            "GANAugment(SampleBank(60 images of 8x10x3, 3 classes of 20 to 20, temporary), p=0.25, "
            "resize=False, on_structure='error', float_range=(0.0, 1.0))"
        )

    def test_options_cannot_be_changed_without_effect(self, bank):
        with pytest.raises(AttributeError):
            GANAugment(bank).p = 0.1

    def test_default_device_does_not_matter(self, int_bank):
        with torch.device("meta"):
            augment = GANAugment(int_bank, p=1.0)
            image, _ = augment(torch.zeros(3, H, W, device="cpu"), 3)
            images, _ = augment(torch.zeros(2, 3, H, W, device="cpu"), torch.tensor([3, 3], device="cpu"))
        assert shows(image, "dog")
        assert shows(images, "dog")


class Blacks(Dataset):
    """Black images whose replacements tell which random numbers were drawn."""

    def __init__(self, transform, n=40):
        self.transform, self.n = transform, n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        image, _ = self.transform(torch.zeros(3, H, W, dtype=torch.uint8), 3)
        return image.sum(), torch.utils.data.get_worker_info().id


def worker_draws(loader):
    sums, workers = (torch.cat(parts) for parts in zip(*loader, strict=True))
    return [tuple(sums[workers == worker].tolist()) for worker in range(2)]


class TestRandomness:
    def test_manual_seed_repeats(self, bank):
        augment = GANAugment(bank)
        runs = []
        for seed in (1, 1, 2):
            torch.manual_seed(seed)
            runs.append([as_levels(augment(black_pil(), "cat")[0]).sum() for _ in range(30)])
        assert runs[0] == runs[1] != runs[2]

    def test_other_generators_are_left_alone(self, bank):
        np.random.seed(0)  # noqa: NPY002
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        GANAugment(bank)(black_pil(), "cat")
        assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002

    @pytest.mark.parametrize("context", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
    def test_workers_and_epochs_differ_and_a_seed_repeats_them(self, int_bank, context):
        data = Blacks(GANAugment(int_bank, p=0.5))
        loader = DataLoader(
            data, batch_size=10, num_workers=2, multiprocessing_context=context, persistent_workers=True
        )
        torch.manual_seed(0)
        first, second = worker_draws(loader), worker_draws(loader)
        assert len({*first, *second}) == 4
        torch.manual_seed(0)
        if context == "fork":
            assert worker_draws(DataLoader(data, batch_size=10, num_workers=2)) == first


class TestSources:
    def test_a_fitted_gan_is_turned_into_a_bank(self):
        augment = GANAugment(FakeGAN(), p=1.0, n_per_class={"dog": 4}, random_state=0)
        assert augment.bank.counts == {"cat": 0, "dog": 4, "emu": 0}
        assert shows(augment(black_pil(), "dog")[0], "dog")

    def test_a_path_of_a_bank(self, tmp_path):
        SampleBank.from_gan(FakeGAN(), 2, path=tmp_path / "bank")
        assert GANAugment(tmp_path / "bank").bank.counts == {"cat": 2, "dog": 2, "emu": 2}
        assert GANAugment(str(tmp_path / "bank")).bank.path == tmp_path / "bank"

    def test_a_path_of_a_model(self, tmp_path, monkeypatch):
        loading = pytest.importorskip("ganaug.loading")
        (tmp_path / "config.json").write_text("{}")
        monkeypatch.setattr(loading, "load", lambda path: FakeGAN())
        assert GANAugment(tmp_path, n_per_class=2).bank.counts == {"cat": 2, "dog": 2, "emu": 2}

    def test_a_path_of_neither(self, tmp_path):
        with pytest.raises(ModelFormatError, match="is not a bank"):
            GANAugment(tmp_path)

    def test_anything_else(self):
        with pytest.raises(TypeError, match=r"from a SampleBank, a fitted ImageGAN, or the path .* got 3 of"):
            GANAugment(3)

    def test_lazy_name(self):
        import ganaug.transforms

        assert ganaug.transforms.GANAugment is GANAugment
        assert "GANAugment" in dir(ganaug.transforms)
        with pytest.raises(AttributeError, match="has no attribute 'GanAugment'"):
            _ = ganaug.transforms.GanAugment


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"p": 1.5}, ValueError, "p must be a number from 0 to 1, got 1.5"),
            ({"p": "often"}, TypeError, "p must be a number"),
            ({"p": {"cat": -1}}, ValueError, r"p\['cat'\] must be a number from 0 to 1"),
            ({"p": {"catt": 1}}, ValueError, "p names the class 'catt'.*Did you mean 'cat'"),
            (
                {"on_structure": "skp"},
                ValueError,
                "must be 'error' or 'skip', got 'skp'. Did you mean 'skip'",
            ),
            ({"float_range": (1, 0)}, ValueError, "float_range must be two rising numbers"),
            ({"float_range": 255}, ValueError, "float_range must be two rising numbers"),
            ({"labels_getter": "label"}, ValueError, "labels_getter must be 'default', a callable"),
            ({"labels_getter": None}, ValueError, "labels_getter=None needs a bank with one class"),
        ],
    )
    def test_wrong_options_are_found_at_construction(self, bank, options, error, message):
        with pytest.raises(error, match=message):
            GANAugment(bank, **options)

    def test_p_of_a_class_without_samples(self):
        bank = SampleBank.from_gan(FakeGAN(), {"cat": 1})
        with pytest.raises(ValueError, match=r"p\['dog'\] is 0.5 but the bank holds no sample"):
            GANAugment(bank, p={"dog": 0.5})


STRUCTURES = {
    "BoundingBoxes": lambda: tv_tensors.BoundingBoxes([[0, 0, 2, 2]], format="XYXY", canvas_size=(H, W)),
    "Mask": lambda: tv_tensors.Mask(torch.zeros(H, W, dtype=torch.uint8)),
    "Video": lambda: tv_tensors.Video(torch.zeros(2, 3, H, W, dtype=torch.uint8)),
}


class TestMismatches:
    @pytest.mark.parametrize("name", STRUCTURES)
    @pytest.mark.parametrize("p", [0.0, 1.0])
    def test_structures_beside_the_image_are_refused(self, bank, name, p):
        sample = {"image": black_pil(), "structure": STRUCTURES[name](), "label": "cat"}
        with pytest.raises(ValueError, match=f"holds tv_tensors.{name}, .* pass on_structure='skip'"):
            GANAugment(bank, p=p)(sample)
        assert GANAugment(bank, p=1.0, on_structure="skip")(sample) is sample

    @pytest.mark.parametrize(
        ("image", "message"),
        [
            (black_pil("L"), r"PIL mode 'L' and the bank's samples have 'RGB'; .*image.convert\('RGB'\)"),
            (black_pil("P"), "PIL mode 'P'"),
            (torch.zeros(1, H, W), r"shape \(1, 8, 10\); .* 3 channels, so \(3, height, width\)"),
            (torch.zeros(2, 3, H, W), r"one label stands an image tensor of shape \(2, 3, 8, 10\)"),
            (torch.zeros(H, W), r"shape \(8, 10\)"),
            (
                np.zeros((3, H, W), np.uint8),
                r"array of shape \(3, 8, 10\); .*\(height, width, 3\) was expected",
            ),
            (Image.new("RGB", (W, W)), "image has 10x10 pixels .* samples have 8x10; .*resize=True"),
            (torch.zeros(3, H, H), "image has 8x8 pixels"),
            (np.zeros((H, H, 3), np.uint8), "image has 8x8 pixels"),
            (
                torch.full((3, H, W), 255.0),
                r"go from 255 to 255, .*\[0, 1\]; put GANAugment before Normalize",
            ),
            (torch.full((3, H, W), -0.5), "go from -0.5"),
            (torch.full((3, H, W), torch.nan), "go from nan"),
            (np.full((H, W, 3), 2.0), "go from 2 to 2"),
        ],
    )
    def test_images_unlike_the_bank(self, bank, image, message):
        with pytest.raises(ValueError, match=message):
            GANAugment(bank, p=1.0)(image, "cat")

    @pytest.mark.parametrize("image", [torch.zeros(3, H, W, dtype=torch.int64), np.zeros((H, W, 3), np.int32)])
    def test_other_integer_types(self, bank, image):
        with pytest.raises(TypeError, match=r"dtype uint8 or floating, got .*int"):
            GANAugment(bank, p=1.0)(image, "cat")

    def test_unknown_labels(self, bank, int_bank):
        for p in (0.0, 1.0):
            with pytest.raises(ValueError, match=r"does not know the label 'dgo' of type str.*mean 'dog'"):
                GANAugment(bank, p=p)(black_pil(), "dgo")
        with pytest.raises(ValueError, match=r"does not know the label 0 of type int.*'cat', 'dog', 'emu'"):
            GANAugment(bank, p=1.0)(black_pil(), 0)
        with pytest.raises(ValueError, match="does not know the label 4"):
            GANAugment(int_bank)(torch.zeros(2, 3, H, W), torch.tensor([2, 4]))
        with pytest.raises(ValueError, match="does not know the label 99"):
            GANAugment(int_bank)(torch.zeros(2, 3, H, W), [99, 2])
        with pytest.raises(ValueError, match=r"does not know the label \{"):
            GANAugment(bank)(black_pil(), {"label": {"x"}})

    def test_no_label(self, bank):
        for sample in (black_pil(), {"image": black_pil()}, (black_pil(),)):
            with pytest.raises(ValueError, match="found no label in the sample; call it with"):
                GANAugment(bank)(sample)

    def test_no_image(self, bank):
        with pytest.raises(TypeError, match="found no image in the sample, only int, str"):
            GANAugment(bank)({"label": "cat", "size": 3})

    def test_soft_labels(self, int_bank):
        with pytest.raises(ValueError, match=r"labels have shape \(2, 8\); .* before MixUp, CutMix"):
            GANAugment(int_bank)(torch.zeros(2, 3, H, W), torch.zeros(2, 8))

    def test_batch_sizes_that_differ(self, int_bank):
        with pytest.raises(ValueError, match=r"Beside 2 labels .* \(3, 3, 8, 10\); .*\(2, 3, height, width\)"):
            GANAugment(int_bank)(torch.zeros(3, 3, H, W), torch.tensor([2, 2]))

    def test_a_batch_of_labels_beside_a_pil_image(self, int_bank):
        with pytest.raises(TypeError, match="batch of 2 and the image is one Image; apply GANAugment to each"):
            GANAugment(int_bank)(black_pil(), [2, 3])

    def test_a_float_batch_out_of_range(self, int_bank):
        with pytest.raises(ValueError, match="before Normalize"):
            GANAugment(int_bank, p=1.0)(torch.full((2, 3, H, W), -2.0), torch.tensor([2, 2]))


def test_layouts_of_the_fakes_are_the_size_that_these_tests_assume():
    assert {layout.shape[1:] for layout in LAYOUTS.values()} == {(H, W)}
