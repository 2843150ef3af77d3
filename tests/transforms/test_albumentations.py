"""GANAugment for albumentations: the host's contract, optional labels, workers that differ."""

import json
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from _fakes import FakeGAN
from torch.utils.data import DataLoader, Dataset

from ganaug.bank import SampleBank
from ganaug.exceptions import GanaugWarning, ModelFormatError

A = pytest.importorskip("albumentations")

from ganaug.transforms.albumentations import GANAugment  # noqa: E402

H, W = 8, 10
BRIGHTNESS = {"cat": 6, "dog": 12, "emu": 18}  # tens of grey levels, see FakeGAN


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("banks") / "bank"
    SampleBank.from_gan(FakeGAN(), 20, path=path, random_state=0)
    return str(path)


@pytest.fixture(scope="module")
def int_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("banks") / "bank"
    SampleBank.from_gan(FakeGAN([2, 3, 7]), 20, path=path, random_state=0)
    return str(path)


@pytest.fixture(scope="module")
def grey_path(path, tmp_path_factory):
    bank, grey = SampleBank.open(path), tmp_path_factory.mktemp("banks") / "grey"
    SampleBank.from_arrays(bank.pixels[:, 0], bank.labels, path=grey)
    return str(grey)


def black(*shape, dtype=np.uint8):
    return np.zeros(shape or (H, W, 3), dtype)


def shows(image, label):
    levels = image * 255 if image.dtype == np.float32 else image
    return bool((np.round(levels).astype(int) // 10 == BRIGHTNESS[label]).all())


class TestReplacing:
    @pytest.mark.parametrize("dtype", [np.uint8, np.float32])
    def test_replaced_image_keeps_shape_and_dtype(self, path, dtype):
        image = black(dtype=dtype)
        output = GANAugment(path, p=1.0)(image=image, label="dog")
        assert (output["image"].dtype, output["image"].shape) == (image.dtype, image.shape)
        assert output["image"].flags["C_CONTIGUOUS"]
        assert shows(output["image"], "dog")
        assert output["label"] == "dog"

    @pytest.mark.parametrize("shape", [(H, W), (H, W, 1)])
    def test_grey_images(self, grey_path, shape):
        output = GANAugment(grey_path, p=1.0)(image=black(*shape), label="emu")
        assert output["image"].shape == shape
        assert shows(output["image"], "emu")

    @pytest.mark.parametrize("label", [3, np.int64(3), torch.tensor(3), np.array([3]), [3]])
    def test_labels_of_any_type(self, int_path, label):
        output = GANAugment(int_path, p=1.0)(image=black(), label=label)
        assert output["label"] is label
        assert shows(output["image"], "dog")

    def test_image_that_is_not_replaced_is_the_same_object(self, path):
        image, extra = black(), object()
        output = GANAugment(path, p=0.0)(image=image, label="cat", extra=extra)
        assert output["image"] is image
        assert output["extra"] is extra

    def test_p_may_differ_between_classes(self, path):
        augment = GANAugment(path, p={"cat": 1.0})
        assert shows(augment(image=black(), label="cat")["image"], "cat")
        assert not augment(image=black(), label="dog")["image"].any()

    def test_about_p_are_replaced_and_only_those_are_recorded_as_applied(self, path):
        torch.manual_seed(0)
        chain = A.Compose([GANAugment(path, p=0.3)], save_applied_params=True)
        outputs = [chain(image=black(), label="cat") for _ in range(300)]
        replaced = [output["image"].any() for output in outputs]
        assert 60 < sum(replaced) < 120
        assert [bool(output["applied_transforms"]) for output in outputs] == replaced

    def test_resize_fits_the_sample_to_the_image(self, path):
        output = GANAugment(path, p=1.0, resize=True)(image=black(20, 30, 3), label="emu")
        assert output["image"].shape == (20, 30, 3)
        assert shows(output["image"], "emu")

    def test_label_key_is_the_users(self, path):
        chain = A.Compose([GANAugment(path, label_key="species", p=1.0)], strict=True)
        assert shows(chain(image=black(), species="dog")["image"], "dog")

    def test_positional_data_are_refused_as_by_the_host(self, path):
        with pytest.raises(KeyError, match="named arguments"):
            GANAugment(path)(black())


class TestMissingLabel:
    def test_the_image_stays_and_one_warning_is_given(self, path):
        augment, image = GANAugment(path, p=1.0), black()
        with pytest.warns(GanaugWarning, match=r"without a label as they are; pass label=\.\.\."):
            assert augment(image=image)["image"] is image
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert augment(image=image, label=None)["image"] is image

    def test_a_bank_with_one_class_needs_none(self, tmp_path):
        SampleBank.from_gan(FakeGAN(["cat"]), 3, path=tmp_path / "bank")
        output = A.Compose([GANAugment(tmp_path / "bank", p=1.0)], strict=True)(image=black())
        assert shows(output["image"], "cat")
        assert list(output) == ["image"]


class TestHostContract:
    def test_strict_compose_with_other_transforms(self, path):
        chain = A.Compose([GANAugment(path, p=1.0), A.HorizontalFlip(p=1.0), A.Normalize()], strict=True)
        output = chain(image=black(), label="emu")
        assert output["image"].dtype == np.float32
        assert output["image"].min() > 0.5

    @pytest.mark.parametrize("p", [0.25, {"cat": 0.5, "dog": 1.0}])
    def test_to_dict_and_from_dict_through_json(self, path, p):
        chain = A.Compose([GANAugment(path, label_key="y", resize=True, p=p)], strict=True)
        written = json.loads(json.dumps(A.to_dict(chain)))
        restored = A.from_dict(written)
        assert A.to_dict(restored) == written
        assert restored.transforms[0].p == p
        assert repr(restored.transforms[0]) == repr(chain.transforms[0])

    def test_json_turns_integer_labels_back(self, int_path):
        written = json.loads(json.dumps(A.to_dict(GANAugment(int_path, p={7: 1.0}))))
        assert shows(A.from_dict(written)(image=black(), label=7)["image"], "emu")

    def test_json_turns_boolean_labels_back(self, tmp_path):
        bank = SampleBank.from_gan(FakeGAN([False, True]), 3, path=tmp_path / "bank", random_state=0)
        written = json.loads(json.dumps(A.to_dict(GANAugment(bank, p={True: 1.0}))))
        image = black()
        assert A.from_dict(written)(image=image, label=False)["image"] is image
        assert A.from_dict(written)(image=image, label=True)["image"].min() > 0

    def test_a_bank_with_a_path_is_written_as_its_path(self, path):
        assert GANAugment(SampleBank.open(path)).source == path

    def test_pickle(self, path):
        augment = pickle.loads(pickle.dumps(GANAugment(path, p=1.0)))
        assert shows(augment(image=black(), label="dog")["image"], "dog")

    def test_one_of_forces_what_it_chose(self, path):
        chain = A.OneOf([GANAugment(path, p=0.01)], p=1.0)
        assert all(shows(chain(image=black(), label="dog")["image"], "dog") for _ in range(5))

    def test_one_of_cannot_force_a_class_without_samples(self, tmp_path):
        SampleBank.from_gan(FakeGAN(), {"cat": 1}, path=tmp_path / "bank")
        chain = A.OneOf([GANAugment(tmp_path / "bank", p=1.0)], p=1.0)
        assert not chain(image=black(), label="dog")["image"].any()

    @pytest.mark.filterwarnings("ignore:.*could work incorrectly in ReplayMode", "ignore:Argument")
    def test_replay_gives_the_same_sample(self, path):
        chain = A.ReplayCompose([GANAugment(path, p=0.5)])
        for _ in range(10):
            output = chain(image=black(), label="cat")
            again = A.ReplayCompose.replay(output["replay"], image=black(), label="cat")
            assert np.array_equal(output["image"], again["image"])

    def test_several_image_targets_get_the_same_sample(self, path):
        chain = A.Compose([GANAugment(path, p=1.0)], additional_targets={"image2": "image"})
        output = chain(image=black(), image2=black(), label="cat")
        assert np.array_equal(output["image"], output["image2"])
        assert shows(output["image2"], "cat")


class Blacks(Dataset):
    def __init__(self, path):
        self.chain = A.Compose([GANAugment(path, p=0.5)])

    def __len__(self):
        return 40

    def __getitem__(self, index):
        image = self.chain(image=black(), label="cat")["image"]
        return int(image.sum()), torch.utils.data.get_worker_info().id


class TestRandomness:
    def test_workers_and_epochs_differ_and_a_seed_repeats_them(self, path):
        def epoch(loader):
            sums, workers = (torch.cat(parts) for parts in zip(*loader, strict=True))
            return [tuple(sums[workers == worker].tolist()) for worker in range(2)]

        def loader():
            return DataLoader(Blacks(path), batch_size=10, num_workers=2)

        torch.manual_seed(0)
        first, second = epoch(loader()), epoch(loader())
        assert len({*first, *second}) == 4
        torch.manual_seed(0)
        assert epoch(loader()) == first


class TestMistakes:
    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"p": 1.5}, ValueError, "p must be a number from 0 to 1"),
            ({"p": {"catt": 1}}, ValueError, r"p names the class 'catt'.*Did you mean 'cat'"),
            ({"on_structure": "keep"}, ValueError, "on_structure"),
            ({"resize": "perhaps"}, ValueError, "resize"),
        ],
    )
    def test_wrong_options_are_found_at_construction(self, path, options, error, message):
        with pytest.raises(error, match=message):
            GANAugment(path, **options)

    @pytest.mark.parametrize("make", [lambda: SampleBank.from_gan(FakeGAN(), 1), FakeGAN])
    def test_sources_that_cannot_be_written_as_json(self, make):
        with pytest.raises(TypeError, match=r"source must be the path .* or a SampleBank made with path="):
            GANAugment(make())

    def test_a_path_of_nothing(self, tmp_path):
        with pytest.raises(ModelFormatError, match="There is no bank at"):
            GANAugment(tmp_path / "nowhere")

    def test_unknown_labels(self, path):
        with pytest.raises(ValueError, match=r"does not know the label 'dgo'.*Did you mean 'dog'"):
            GANAugment(path, p=0.0)(image=black(), label="dgo")

    def test_several_labels(self, path):
        with pytest.raises(ValueError, match=r"'label' holds 2 labels .* pass one label"):
            GANAugment(path)(image=black(), label=["cat", "dog"])

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("mask", black(H, W)),
            ("masks", black(1, H, W)),
            ("bboxes", np.zeros((1, 5))),
            ("keypoints", np.zeros((1, 2))),
            ("images", black(2, H, W, 3)),
        ],
    )
    def test_structures_beside_the_image(self, path, key, value):
        with pytest.raises(ValueError, match=f"holds '{key}', which would not fit .*on_structure='skip'"):
            GANAugment(path)(image=black(), label="cat", **{key: value})
        output = GANAugment(path, p=1.0, on_structure="skip")(image=black(), label="cat", **{key: value})
        assert not output["image"].any()
        assert output[key] is value

    def test_a_structure_by_another_name(self, path):
        for options in ({}, {"on_structure": "skip"}):
            compose = A.Compose([GANAugment(path, p=1.0, **options)], additional_targets={"outline": "mask"})
            if options:
                output = compose(image=black(), outline=black(H, W), label="cat")
                assert not output["image"].any()
            else:
                with pytest.raises(ValueError, match="holds 'outline', which would not fit"):
                    compose(image=black(), outline=black(H, W), label="cat")

    @pytest.mark.parametrize(
        ("image", "error", "message"),
        [
            (black(H, W), ValueError, r"array of shape \(8, 10\); .* \(height, width, 3\) was expected"),
            (black(H, H, 3), ValueError, r"image has 8x8 pixels .*resize=True"),
            (black(dtype=np.float32) + 2, ValueError, "put GANAugment before Normalize"),
            (black(dtype=np.int32), TypeError, "dtype uint8 or floating, got int32"),
        ],
    )
    def test_images_unlike_the_bank(self, path, image, error, message):
        with pytest.raises(error, match=message):
            GANAugment(path, p=1.0)(image=image, label="cat")

    @pytest.mark.parametrize(
        ("stand_in", "message"),
        [
            ("None", "needs albumentations 2.0.8; install it with: pip install"),
            ("module", "has other hooks than 2.0.8"),
        ],
    )
    def test_a_missing_or_other_albumentations_says_what_to_install(self, stand_in, message):
        script = (
            "import sys, types\n"
            "module = types.ModuleType('interface')\n"
            "module.ImageOnlyTransform = module.BaseTransformInitSchema = object\n"
            f"sys.modules['albumentations.core.transforms_interface'] = {stand_in}\n"
            "import ganaug.transforms.albumentations\n"
        )
        finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert message in finished.stderr


def test_importing_the_package_imports_no_host():
    script = (
        "import sys, ganaug.bank, ganaug.transforms\n"
        "hosts = {'torchvision', 'albumentations', 'matplotlib'}\n"
        "print(*hosts & set(sys.modules))"
    )
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (finished.stdout, finished.stderr) == ("\n", "")
