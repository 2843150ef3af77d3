import json

import numpy as np
import pytest
import torch
from _tiny import make_state

from ganaug import TableGAN, checkpoint
from ganaug.architectures import DCGAN, Residual
from ganaug.checkpoint import Checkpoint, resume
from ganaug.diffaugment import ADA, D_AUGMENTS
from ganaug.exceptions import ModelFormatError
from ganaug.losses import Hinge
from ganaug.penalties import PENALTIES, GradientPenalty, LeCam
from ganaug.training import train

VARIANTS = {
    "default": {},
    "adaptive": {"penalty": LeCam(), "d_augment": ADA(speed=0.2)},
    "chance in the penalty": {"penalty": GradientPenalty(), "d_augment": D_AUGMENTS["diffaugment"]},
    "dropout and batch norm": {"architecture": DCGAN(latent_dim=4), "penalty": PENALTIES["none"]},
    "snapshots": {"n_snapshots": 4},
    "spectral norm": {"architecture": Residual(width=8, latent_dim=4, encoder=False, spectral_norm=True)},
}


def tensors_of(state):
    modules = [m for m in (*state.networks, state.ema, *state.snapshots) if m is not None]
    moments = [state.optimizer.first_moment, state.optimizer.second_moment]
    return [t for m in modules for t in m.state_dict().values()] + moments


@pytest.mark.parametrize("variant", VARIANTS)
def test_resumed_run_equals_the_uninterrupted_one_bit_for_bit(tmp_path, variant):
    whole = make_state(**VARIANTS[variant])
    train(whole, [Checkpoint(tmp_path / "c", every=7)])
    resumed = make_state(seed=9, **VARIANTS[variant])
    checkpoint.resume(resumed, tmp_path / "c")
    assert (resumed.step, resumed.optimizer.n_steps, len(resumed.history)) == (7, 7, 7)
    train(resumed)
    assert all(map(torch.equal, tensors_of(resumed), tensors_of(whole)))
    assert len(resumed.snapshots) == len(whole.snapshots) == max(whole.recipe.n_snapshots - 1, 0)
    losses = [[(e["step"], e["d_loss"], e["g_loss"]) for e in state.history] for state in (whole, resumed)]
    assert losses[0] == losses[1]
    if variant == "adaptive":
        assert resumed.d_augment.probability == whole.d_augment.probability
        assert torch.equal(resumed.penalty.fake_mean, whole.penalty.fake_mean)


def test_checkpoint_is_written_at_its_steps_and_by_the_first_process(tmp_path):
    written = []
    state = make_state(max_steps=7)
    path = tmp_path / "c"
    train(state, [Checkpoint(path, every=3), lambda s: written.append((s.step, step_in(path)))])
    assert written == [(1, None), (2, None), (3, 3), (4, 3), (5, 3), (6, 6), (7, 6)]

    class Second:
        global_rank = 1

    state.fabric, state.step = Second(), 9
    Checkpoint(path, every=3)(state)
    assert step_in(path) == 6


def step_in(path):
    return json.loads((path / "config.json").read_text())["step"] if path.exists() else None


def test_time_already_spent_counts(tmp_path):
    state = make_state(max_steps=None, max_seconds=30.0)
    state.seconds = 29.95
    checkpoint.save(state, tmp_path / "c")
    resumed = make_state(max_steps=None, max_seconds=30.0)
    checkpoint.resume(resumed, tmp_path / "c")
    train(resumed)
    assert 30 <= resumed.seconds < 35


def test_other_networks_are_refused(tmp_path):
    checkpoint.save(make_state(), tmp_path / "c")
    with pytest.raises(ModelFormatError, match="weights do not fit the"):
        checkpoint.resume(make_state(architecture=Residual(width=4, latent_dim=8)), tmp_path / "c")


def test_networks_without_the_encoder_are_refused(tmp_path):
    checkpoint.save(make_state(), tmp_path / "c")
    other = make_state(architecture=Residual(width=8, latent_dim=8, encoder=False))
    with pytest.raises(ModelFormatError, match="is of other networks: first_moment has"):
        checkpoint.resume(other, tmp_path / "c")


def test_checkpoint_without_the_adaptive_part_is_refused(tmp_path):
    checkpoint.save(make_state(), tmp_path / "c")
    with pytest.raises(ModelFormatError, match="with d_augment = None, and now it is ADA"):
        checkpoint.resume(make_state(d_augment=ADA()), tmp_path / "c")


def test_checkpoint_without_the_optimizer_is_refused(tmp_path, monkeypatch):
    state = make_state()
    monkeypatch.setattr(state.optimizer, "state_dict", dict)
    state.step = 3
    checkpoint.save(state, tmp_path / "c")
    with pytest.raises(ModelFormatError, match="lacks 'first_moment'; train from the start"):
        checkpoint.resume(make_state(), tmp_path / "c")


def test_a_checkpoint_every_zero_steps_is_refused():
    with pytest.raises(ValueError, match="Checkpoint's every must be an integer from 1"):
        Checkpoint("anywhere", every=0)


def test_a_model_is_no_checkpoint(tmp_path):
    with pytest.raises(ModelFormatError, match="is not a ganaug checkpoint: there is no config"):
        checkpoint.resume(make_state(), tmp_path)


def test_checkpoint_does_not_disturb_training(tmp_path):
    plain, kept = make_state(), make_state()
    torch.manual_seed(0)
    train(plain)
    torch.manual_seed(0)
    train(kept, [Checkpoint(tmp_path / "c", every=1)])
    assert all(map(torch.equal, tensors_of(plain), tensors_of(kept)))


def test_checkpoint_says_what_it_does():
    assert repr(Checkpoint("a")) == "Checkpoint(path='a', every=500, overwrite=False)"


def test_a_run_is_not_resumed_on_other_data(tmp_path):
    X, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2
    TableGAN(max_steps=4, batch_size=8).fit(X, y, callbacks=[Checkpoint(tmp_path / "c", every=2)])
    resumed = TableGAN(max_steps=6, batch_size=8).fit(X, y, resume_from=tmp_path / "c")
    assert resumed.history_[-1]["step"] == 6
    with pytest.raises(
        ModelFormatError, match="is of other data: columns or shapes, ranges or the classes' sizes differ"
    ):
        TableGAN(max_steps=6, batch_size=8).fit(X * 2, y, resume_from=tmp_path / "c")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": "hinge"}, r"loss = Relativistic\(\), and now it is Hinge\(\); resume with the parameters"),
        ({"class_balance": 0.5}, r"class_balance = 1.0, and now it is 0.5"),
        ({"batch_size": 16}, r"batch_size = 8, and now it is 16"),
    ],
)
def test_a_run_is_not_resumed_with_other_parameters(tmp_path, changes, message):
    X, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2
    TableGAN(max_steps=2, batch_size=8).fit(X, y, callbacks=[Checkpoint(tmp_path / "c", every=2)])
    with pytest.raises(ModelFormatError, match=message):
        TableGAN(**{"max_steps": 4, "batch_size": 8, **changes}).fit(X, y, resume_from=tmp_path / "c")


def test_parts_that_cannot_be_written_are_told_apart_by_their_kind(tmp_path):
    class Own:
        """Of a text that differs between objects."""

        shares_backward, d_loss, g_loss = False, Hinge.d_loss, Hinge.g_loss

    checkpoint.save(make_state(loss=Own()), tmp_path / "c")
    checkpoint.resume(make_state(loss=Own()), tmp_path / "c")
    with pytest.raises(ModelFormatError, match=r"loss = .*Own, and now it is Hinge\(\)"):
        checkpoint.resume(make_state(loss=Hinge()), tmp_path / "c")


@pytest.mark.filterwarnings("ignore::ganaug.exceptions.SmallClassWarning")
def test_the_checkpoint_of_another_run_is_not_replaced_unasked(tmp_path):
    X, y, path = np.arange(12.0)[:, None], [0, 1] * 6, tmp_path / "c"

    def fit(steps, checkpoint, **options):
        return TableGAN(max_steps=steps, batch_size=8).fit(X, y, callbacks=[checkpoint], **options)

    fit(4, Checkpoint(path, every=4))
    with pytest.raises(FileExistsError, match=r"holds the checkpoint of another run; go on from it with resume_from="):
        fit(6, Checkpoint(path, every=2))
    assert step_in(path) == 4
    fit(6, Checkpoint(path, every=2), resume_from=path)
    assert step_in(path) == 6
    fit(2, Checkpoint(path, every=2, overwrite=True))
    assert step_in(path) == 2


def test_a_folder_of_something_else_is_told_before_training(tmp_path):
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(FileExistsError, match="is not a checkpoint"):
        TableGAN(max_steps=4).fit([[0.0], [1.0]], [0, 1], callbacks=[Checkpoint(tmp_path, every=50)])


def test_weights_that_are_not_finite_replace_no_checkpoint(tmp_path):
    state = make_state(max_steps=4)
    train(state, [Checkpoint(tmp_path / "c", every=2)])
    state.optimizer.weights.fill_(float("nan"))
    state.step = 6
    Checkpoint(tmp_path / "c", every=2)(state)
    assert step_in(tmp_path / "c") == 4


@pytest.mark.parametrize(
    "change",
    [{"recipe": []}, {"step": "two"}, {"earlier_generators": 10**7}, {"optimizer": [1]}, {"optimizer": {}}],
)
def test_a_damaged_checkpoint_is_refused(tmp_path, change):
    train(make_state(max_steps=2), [Checkpoint(tmp_path / "c", every=2)])
    config = json.loads((tmp_path / "c" / "config.json").read_text())
    (tmp_path / "c" / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(ModelFormatError):
        resume(make_state(max_steps=4), tmp_path / "c")
