from dataclasses import replace

import numpy as np
import pytest
import torch
from _benchmark_fakes import COUNTS, make_task

from ganaug.benchmark.augmentation import Affine
from ganaug.benchmark.methods import Batches, Method, Synthetic, rare_class_dose


def _white_pool(dose, labels=(0, 1, 2)):
    labels = np.repeat(labels, 5)
    return Synthetic(np.full((len(labels), 1, 8, 8), 255, np.uint8), labels, np.asarray(dose, dtype=float))


def _draw(method, n=400, seed=0):
    return Batches(make_task(), method, n, seed).draw()


def test_dose_is_half_of_what_a_class_lacks():
    assert rare_class_dose(np.array([10, 500, 1000])).tolist() == pytest.approx([0.495, 0.25, 0.0])


@pytest.mark.parametrize("strength", [-0.1, 1.5])
def test_dose_strength_is_a_share(strength):
    with pytest.raises(ValueError, match=f"strength must be from 0 to 1.*got {strength}"):
        rare_class_dose(np.array([1, 2]), strength)


def test_balanced_batches_show_all_classes_alike():
    _, targets = _draw(Method("balanced"), n=3000)
    assert targets.mean(dim=0).tolist() == pytest.approx([1 / 3] * 3, abs=0.04)


def test_natural_batches_keep_the_proportions():
    _, targets = _draw(Method("natural", balanced=False), n=3000)
    assert targets.mean(dim=0).tolist() == pytest.approx([n / sum(COUNTS) for n in COUNTS], abs=0.04)


def test_every_drawn_image_is_a_training_image_of_its_class():
    task = make_task()
    x, targets = Batches(task, Method("balanced"), 64, 0).draw()
    known = {(image.tobytes(), label) for image, label in zip(task.X_train, task.y_train, strict=True)}
    pixels = ((x + 1) * 127.5).round().to(torch.uint8).numpy()
    assert {(p.tobytes(), int(t)) for p, t in zip(pixels, targets.argmax(dim=1), strict=True)} <= known


def test_synthetic_samples_take_the_stated_share_of_each_class():
    x, targets = _draw(Method("treated", synthetic=_white_pool([0.5, 0.2, 0.0])), n=6000)
    is_synthetic = (x == 1).flatten(1).all(dim=1).float()
    y = targets.argmax(dim=1)
    shares = [float(is_synthetic[y == label].mean()) for label in range(3)]
    assert shares == pytest.approx([0.5, 0.2, 0.0], abs=0.04)


def test_synthetic_samples_leave_the_other_draws_as_they_were():
    plain = Method("control")
    x, targets = _draw(plain)
    x_treated, targets_treated = _draw(replace(plain, name="treated", synthetic=_white_pool([0.5, 0.5, 0.0])))
    assert torch.equal(targets, targets_treated)
    is_real = ~(x_treated == 1).flatten(1).all(dim=1)
    assert torch.equal(x[is_real], x_treated[is_real])


def test_batches_repeat_with_the_seed():
    method = Method("augmented", augment=Affine(), synthetic=_white_pool([0.5, 0.2, 0.0]))
    assert torch.equal(_draw(method, seed=1)[0], _draw(method, seed=1)[0])
    assert not torch.equal(_draw(method, seed=1)[0], _draw(method, seed=2)[0])


def test_pool_needs_samples_of_dosed_classes():
    with pytest.raises(ValueError, match=r"no samples of the classes \[1\], which get a dose above zero"):
        _white_pool([0.5, 0.5, 0.0], labels=(0, 2))


def test_class_without_samples_and_dose_is_fine():
    x, _ = _draw(Method("treated", synthetic=_white_pool([0.5, 0.0, 0.0], labels=(0,))))
    assert len(x) == 400


def test_fingerprint_knows_everything_but_the_name():
    method = Method("a", augment=Affine(), synthetic=_white_pool([0.5, 0.2, 0.0]))
    assert method.fingerprint == replace(method, name="b").fingerprint
    others = [
        replace(method, balanced=False),
        replace(method, augment=Affine(shift=0.2)),
        replace(method, synthetic=None),
        replace(method, synthetic=_white_pool([0.5, 0.3, 0.0])),
    ]
    assert method.fingerprint not in {other.fingerprint for other in others}
