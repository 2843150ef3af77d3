import math

import numpy as np
import pandas as pd
import pytest
from _fakes import FakeGAN
from _tables import make_labels, make_numbers, tiny_table_gan, tiny_vector_gan
from PIL import Image
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from ganaug import TableGAN
from ganaug.audit import audit_gan, audit_table_gan
from ganaug.exceptions import GanaugWarning
from ganaug.image_data import LabelCodec
from ganaug.table_data import TableCodec


class AuditedGAN(FakeGAN):
    """A `FakeGAN` that knows its training data's counts; with `copies`, it hands these images out."""

    def __init__(self, copies=None, n=20, layout="array", on_error="raise"):
        super().__init__(["cat", "dog"], layout=layout)
        self.copies, self.on_error = copies, on_error
        self.class_counts_ = {"cat": n, "dog": n}

    def sample_pixels(self, y, random_state=None):
        drawn = super().sample_pixels(y, random_state)
        for label, images in (self.copies or {}).items():
            rows = np.flatnonzero(np.asarray(y) == label)
            drawn[rows] = images[np.arange(len(rows)) % len(images)]
        return drawn


def make_data(n=20, seed=0, layout="array"):
    gan, labels = AuditedGAN(layout=layout), ["cat"] * n + ["dog"] * n
    return gan.layout_.decode(gan.sample_pixels(np.array(labels), seed)), labels


def test_fresh_samples_are_ok_and_the_report_has_a_row_per_class():
    audit = audit_gan(AuditedGAN(), make_data(), n_per_class=30)
    assert audit.verdict == "ok"
    rows = [(row.label, row.n_train, row.n_fake, row.reference, row.n_reference) for row in audit.classes]
    assert rows == [("cat", 20, 30, "leave-one-out", 20), ("dog", 20, 30, "leave-one-out", 20)]


def test_the_class_that_copies_is_named():
    X, y = make_data()
    dogs = AuditedGAN().layout_.encode(X[20:])
    audit = audit_gan(AuditedGAN({"dog": dogs}), (X, y), n_per_class=30)
    assert [row.verdict for row in audit.classes] == ["ok", "copies"]
    assert [row.fraction_flagged for row in audit.classes] == [0, 1]


def test_distances_are_of_pixels_scaled_to_one():
    X = np.zeros((4, 8, 10), dtype=np.float32)
    X[1], X[3] = 0.2, 0.2  # each other's neighbours, 0.2 apart in 80 pixels
    audit = audit_gan(AuditedGAN(n=2), (X, ["cat", "cat", "dog", "dog"]), n_per_class=1)
    assert audit.classes[0].threshold == pytest.approx(audit.ratio * 0.2 * math.sqrt(80))


def test_held_out_data_is_the_yardstick_where_it_has_the_class():
    X, y = make_data(seed=1)
    audit = audit_gan(AuditedGAN(), make_data(), (X[:15], y[:15]), n_per_class=5)
    assert [(row.reference, row.n_reference) for row in audit.classes] == [("held-out", 15), ("leave-one-out", 20)]


def test_random_state_decides_the_draw():
    class Recorder(AuditedGAN):
        def sample_pixels(self, y, random_state=None):
            drawn = super().sample_pixels(y, random_state)
            seen.append(drawn.tobytes())
            return drawn

    draws = []
    data = make_data()
    for seed in (0, 0, 1):
        seen = []
        audit_gan(Recorder(), data, n_per_class=5, random_state=seed)
        draws.append(seen)
    assert draws[0] == draws[1] != draws[2]


@pytest.fixture
def photos(tmp_path):
    X, y = make_data(4, layout="pil")
    for index, (image, label) in enumerate(zip(X, y, strict=True)):
        (tmp_path / label).mkdir(exist_ok=True)
        image.resize((30, 24)).save(tmp_path / label / f"{index}.png")
    return tmp_path


def test_files_are_resized_as_for_training(photos):
    audit = audit_gan(AuditedGAN(n=4, layout="pil"), photos, n_per_class=2)
    assert [row.n_train for row in audit.classes] == [4, 4]


def test_unreadable_files_are_skipped_if_training_skipped_them(photos):
    (photos / "cat" / "broken.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="Cannot read"):
        audit_gan(AuditedGAN(n=4, layout="pil"), photos, n_per_class=2)
    with pytest.warns(GanaugWarning, match="1 of 9 images could not be read"):
        audit_gan(AuditedGAN(n=4, layout="pil", on_error="skip"), photos, n_per_class=2)


def test_data_sets_of_tensors_are_not_resized():
    X, y = make_data(layout="tensor")
    audit = audit_gan(AuditedGAN(layout="tensor"), list(zip(X, y, strict=True)), n_per_class=2)
    assert [row.n_train for row in audit.classes] == [20, 20]


def test_images_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"makes images of .* \(1, 8, 10\), but the data has \(1, 9, 9\)"):
        audit_gan(AuditedGAN(), (np.zeros((2, 9, 9)), ["cat", "dog"]))


def test_labels_and_classes_must_be_the_models():
    X, y = make_data()
    with pytest.raises(ValueError, match=r"Unknown label 'cart'; .* Did you mean 'cat'"):
        audit_gan(AuditedGAN(), (X, ["cart", *y[1:]]))
    with pytest.raises(ValueError, match="The data has no image of 'dog'; pass the data that the model was trained"):
        audit_gan(AuditedGAN(), (X[:20], y[:20]))


def test_other_counts_than_in_training_are_warned_of():
    X, y = make_data()
    with pytest.warns(GanaugWarning, match="has 19 images of 'cat' and the model was trained on 20"):
        audit_gan(AuditedGAN(), (X[1:], y[1:]), n_per_class=2)


@pytest.mark.parametrize("n", [0, 1.5])
def test_n_per_class_is_a_count(n):
    with pytest.raises((TypeError, ValueError), match="n_per_class must be an integer"):
        audit_gan(AuditedGAN(), make_data(), n_per_class=n)


def test_pictures_of_the_training_data_itself_are_copies(photos):
    images = [
        np.asarray(Image.open(p).resize((10, 8), Image.Resampling.BICUBIC)) for p in sorted((photos / "cat").iterdir())
    ]
    copies = {"cat": np.stack(images).transpose(0, 3, 1, 2)}
    audit = audit_gan(AuditedGAN(copies, n=4, layout="pil"), photos, n_per_class=4)
    assert audit.classes[0].fraction_flagged == 1


class AuditedTableGAN(BaseEstimator):
    """Draw fresh rows; of the classes in `copies`, training rows."""

    fit = None  # What has none is no estimator to scikit-learn.

    def __init__(self, X, y, copies=()):
        self.X, self.y, self.copies = X, np.asarray(y), copies
        self.codec_, self.label_codec_ = TableCodec.fit(X), LabelCodec(y)
        self.class_counts_ = {label: int((self.y == label).sum()) for label in self.label_codec_.classes}

    def sample(self, y, random_state):
        rows = make_rows(len(y), random_state)
        for place, label in enumerate(y):
            if label in self.copies:
                rows[place] = random_state.permutation(self.X[self.y == label])[0]
        return rows, y


def make_rows(n, rng):
    return rng.normal(size=(n, 3)) * [1, 10, 100]


@pytest.fixture
def table():
    """Return rows and labels, in no order; from another stream than the audit's, which would repeat the rows."""
    return make_rows(40, np.random.default_rng(2)), ["rare" if i % 4 == 0 else "common" for i in range(40)]


def test_the_class_whose_rows_are_copied_is_named(table):
    audit = audit_table_gan(AuditedTableGAN(*table, copies=["rare"]), table, n_per_class=30)
    rows = [(row.label, row.n_train, row.n_fake, row.reference, row.verdict) for row in audit.classes]
    assert rows == [("common", 30, 30, "leave-one-out", "ok"), ("rare", 10, 30, "leave-one-out", "copies")]
    assert audit.classes[1].fraction_flagged == 1


def test_distances_of_rows_are_of_standardised_columns(table):
    X, y = table
    one, other = (audit_table_gan(AuditedTableGAN(rows, y), (rows, y), n_per_class=2) for rows in (X, X * [1, 9, 0.1]))
    for a, b in zip(one.classes, other.classes, strict=True):
        assert a.threshold == pytest.approx(b.threshold, rel=1e-3)


def test_held_out_rows_are_the_yardstick(table):
    held_out = make_rows(6, np.random.default_rng(3)), ["rare"] * 6
    audit = audit_table_gan(AuditedTableGAN(*table), table, held_out, n_per_class=5)
    assert [(row.reference, row.n_reference) for row in audit.classes] == [("leave-one-out", 30), ("held-out", 6)]


def test_held_out_rows_may_hold_what_no_training_row_has():
    X, y = pd.DataFrame({"word": ["a", "b", "c"] * 20, "x": make_numbers()[:, 0]}), make_labels()
    held_out = X.assign(word=["a", "new", None] * 20)
    audit = audit_table_gan(tiny_table_gan().fit(X, y), (X, y), (held_out, y), n_per_class=5)
    assert [row.reference for row in audit.classes] == ["held-out"] * 2


def test_random_state_decides_the_draw_of_rows(table):
    gan = AuditedTableGAN(*table)
    gan.sample = lambda y, random_state: (
        seen.append(random_state.normal()),
        AuditedTableGAN.sample(gan, y, random_state),
    )[1]
    seen = []
    for seed in (0, 0, 1):
        audit_table_gan(gan, table, n_per_class=2, random_state=seed)
    assert seen[0] == seen[1] != seen[2]


def test_other_tables_than_the_training_data_are_told(table):
    X, y = table
    gan = AuditedTableGAN(X, y)
    with pytest.warns(GanaugWarning, match="has 29 rows of 'common' and the model was trained on 30"):
        audit_table_gan(gan, (X[:-1], y[:-1]), n_per_class=2)
    common = np.array(y) == "common"
    with pytest.raises(ValueError, match="has no row of 'rare'; pass the data that the model was trained on"):
        audit_table_gan(gan, (X[common], ["common"] * 30))
    with pytest.raises(ValueError, match=r"Unknown label 'rar'; .* Did you mean 'rare'"):
        audit_table_gan(gan, (X, ["rar", *y[1:]]))
    with pytest.raises(ValueError, match="features"):
        audit_table_gan(gan, (X[:, :2], y))
    with pytest.raises(ValueError, match="n_per_class must be an integer"):
        audit_table_gan(gan, table, n_per_class=0)


def test_tables_that_are_no_pair_of_rows_and_labels_are_refused(table):
    X, y = table
    gan = AuditedTableGAN(X, y)
    with pytest.raises(ValueError, match="data has 40 rows and 39 labels"):
        audit_table_gan(gan, (X, y[:-1]))
    with pytest.raises(ValueError, match="held_out has 40 rows and 39 labels"):
        audit_table_gan(gan, table, (X, y[:-1]))
    for wrong in (X, (X,), (X, None)):
        with pytest.raises(TypeError, match=r"data must be a pair \(X, y\) of rows and their labels, got a "):
            audit_table_gan(gan, wrong)
    with pytest.raises(NotFittedError):
        audit_table_gan(TableGAN(), table)


def test_vectors_and_constant_tables_are_audited():
    y = ["common"] * 30 + ["rare"] * 10
    X = make_numbers(40)
    vectors = tiny_vector_gan().fit(X, y)
    assert {row.reference for row in audit_table_gan(vectors, (X, y), (X, y), n_per_class=5).classes} == {"held-out"}
    constant = tiny_table_gan().fit(np.ones((40, 2)), y)
    assert audit_table_gan(constant, (np.ones((40, 2)), y), n_per_class=5).verdict == "ok"
