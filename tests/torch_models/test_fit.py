"""What the training loop promises."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bakeoff.torch_models.cnn import CNN
from bakeoff.torch_models.cnn3d import CNN3D
from bakeoff.torch_models.faster import faster
from bakeoff.torch_models.feed import Feed
from bakeoff.torch_models.fit import fit, predict
from bakeoff.torch_models.losses import loss_of, metric_of
from bakeoff.torch_models.lstm import LSTM
from bakeoff.torch_models.mixing import Mixing
from bakeoff.torch_models.mlp import MLP
from bakeoff.torch_models.optimizers import OPTIMIZERS, Optimizer
from bakeoff.torch_models.rnn import RNN
from bakeoff.torch_models.sampling import chances


def noise(rows: int = 100, *shape: int, seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Make inputs and classes that have nothing to do with one another: networks overfit them."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, *(shape or (6,)))).astype("float32")
    return {"x": x}, draw.integers(0, 3, rows)


def train(model: nn.Module, rows: int = 100, **options: object) -> list[dict[str, float]]:
    """Fit noise, and watch other noise."""
    inputs, targets = noise(rows)
    validation_inputs, validation_targets = noise(40, seed=1)
    return fit(
        model,
        inputs,
        targets,
        validation_inputs=validation_inputs,
        validation_targets=validation_targets,
        batch_size=16,
        **options,
    )


class Listener(nn.Module):
    """One linear layer that remembers what it was given in training."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 1)
        self.heard: list[dict[str, Tensor]] = []

    def forward(self, x: Tensor, **others: Tensor) -> Tensor:
        if self.training:
            self.heard.append({"x": x.detach(), **others})
        return self.linear(x)


def test_fit_restores_the_weights_of_the_lowest_validation_loss():
    model = MLP(6, 3)
    history = train(model, lr=0.02, epochs=15, patience=0)
    losses = [row["validation_loss"] for row in history]
    inputs, targets = noise(40, seed=1)
    scores = torch.from_numpy(predict(model, inputs))
    now = loss_of("cross_entropy", scores, torch.from_numpy(targets)).item()
    assert np.argmin(losses) < len(losses) - 1, "it must have got worse for this to be a test"
    assert now == pytest.approx(min(losses), abs=1e-6)


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", "rmsprop"])
def test_same_seed_gives_the_same_weights_bit_by_bit(optimizer):
    finished = []
    for _ in range(2):
        torch.manual_seed(0)
        model = MLP(6, 3, dropout=0.5)
        train(model, optimizer=optimizer, epochs=3, seed=7)
        finished.append(model.state_dict())
    assert all(torch.equal(finished[0][name], finished[1][name]) for name in finished[0])


def test_another_seed_gives_other_weights():
    finished = []
    for seed in range(2):
        torch.manual_seed(0)
        model = MLP(6, 3)
        train(model, epochs=1, seed=seed)
        finished.append(model.head.weight)
    assert not torch.equal(*finished)


def test_training_stops_when_patience_runs_out():
    history = train(MLP(6, 3), lr=0.02, epochs=200, patience=3)
    best = int(np.argmin([row["validation_loss"] for row in history]))
    assert len(history) == best + 1 + 3


def test_no_patience_trains_all_epochs():
    assert len(train(MLP(6, 3), lr=0.02, epochs=30, patience=0)) == 30


def test_a_loss_that_is_not_finite_names_the_step_size():
    inputs, _ = noise()
    targets = np.full(100, 1e30, "float32")
    with pytest.raises(FloatingPointError, match=r"lr 100\. Try lr 1e-05, or"):
        fit(
            MLP(6, 1),
            inputs,
            targets,
            validation_inputs=inputs,
            validation_targets=targets,
            loss="mse",
            optimizer="sgd",
            lr=100.0,
        )


@pytest.mark.parametrize("num_rows", [1, 15, 16, 17, 33, 40])
def test_each_row_is_seen_once_an_epoch(num_rows):
    model, x = Listener(), np.arange(num_rows, dtype="float32")[:, None]
    targets = np.zeros(num_rows)
    validation = {"validation_inputs": {"x": x}, "validation_targets": targets}
    fit(model, {"x": x}, targets, **validation, loss="mse", batch_size=16, epochs=2, patience=0)
    seen = torch.cat([heard["x"] for heard in model.heard]).reshape(2, num_rows)
    assert torch.equal(seen.sort().values, torch.arange(num_rows).float().expand(2, -1))
    assert num_rows <= 2 or not torch.equal(seen[0], seen[1]), "each epoch has an order of its own"
    assert num_rows == 1 or min(len(heard["x"]) for heard in model.heard) > 1


def test_inputs_and_knownstay_together_across_blocks():
    x = np.arange(300_000.0, dtype=np.float32).reshape(-1, 1000)  # 26 rows of 64 make a block
    feed = Feed({"x": x, "lengths": x[:, 1]}, torch.device("cpu"), {})
    known = torch.from_numpy(x[:, 0])
    for batch, targets in feed.shuffled(known.__getitem__, 7):
        assert torch.equal(batch["x"][:, 0], targets)
        assert torch.equal(batch["lengths"], targets + 1)


def test_lengths_and_categories_reach_the_model_row_by_row():
    model, rows = Listener(), np.arange(50)
    inputs = {"x": rows[:, None].astype("float32"), "lengths": rows, "categories": rows[:, None]}
    validation = {"validation_inputs": inputs, "validation_targets": np.zeros(50)}
    fit(model, inputs, np.zeros(50), **validation, loss="mse", epochs=1)
    for heard in model.heard:
        assert torch.equal(heard["lengths"], heard["x"][:, 0].long())
        assert torch.equal(heard["categories"], heard["x"].long())


def test_padding_is_ignored_in_training():
    finished = []
    for padded in (5, 9):
        inputs, targets = noise(40, 9, 2)
        inputs = {"x": inputs["x"][:, :padded], "lengths": np.arange(40) % 5 + 1}
        torch.manual_seed(0)
        model = LSTM(2, 3, hidden_sizes=(8,))
        validation = {"validation_inputs": inputs, "validation_targets": targets}
        fit(model, inputs, targets, **validation, epochs=2)
        finished.append(model.head.weight)
    assert torch.allclose(*finished, atol=1e-5)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_dropout_keeps_the_mean_and_drops_the_asked_share(rate):
    torch.manual_seed(0)
    part = nn.Dropout(rate)
    x = torch.ones(1000, 1001, requires_grad=True)
    with faster(part):
        y = part(x)
        y.sum().backward()
    assert y.mean().item() == pytest.approx(1, abs=0.005)
    assert (y == 0).double().mean().item() == pytest.approx(rate, abs=0.002)
    assert torch.equal(x.grad, y.detach()), "the gradient goes where the value went"
    assert y[y > 0].unique().tolist() == pytest.approx([1 / (1 - rate)], rel=1e-4)


def test_dropout_is_torchs_own_again_after_training():
    part = nn.Dropout(0.5)
    with faster(part):
        pass
    assert "forward" not in vars(part)


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize(
    "name", [name for name in OPTIMIZERS if name not in ("muon", "schedule_free")]
)
def test_updates_equal_those_of_the_classes_of_torch(name, weight_decay):
    torch.manual_seed(0)
    model, twin = (CNN(3, 8, 2, blocks=(4, 6), norm="batch").double() for _ in range(2))
    twin.load_state_dict(model.state_dict())
    model.to(memory_format=torch.channels_last)
    ours = Optimizer(model, name, weight_decay=weight_decay)
    theirs = {
        "adamw": torch.optim.AdamW,
        "adam": torch.optim.Adam,
        "sgd": torch.optim.SGD,
        "momentum": partial(torch.optim.SGD, momentum=0.9),
        "nesterov": partial(torch.optim.SGD, momentum=0.9, nesterov=True),
        "rmsprop": torch.optim.RMSprop,
        "adagrad": torch.optim.Adagrad,
    }[name]
    theirs = theirs(
        [
            {"params": [p for p in twin.parameters() if p.ndim > 1], "weight_decay": weight_decay},
            {"params": [p for p in twin.parameters() if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=0.01,
    )
    x = torch.randn(5, 3, 8, 8, dtype=torch.double)
    for _ in range(3):
        theirs.zero_grad()
        for network in (model, twin):
            network(x).square().mean().backward()
        ours.step(0.01)
        theirs.step()
    for weight, other in zip(model.parameters(), twin.parameters(), strict=True):
        # a bias before batch norm has a gradient of rounding errors, which Adam blows up
        assert torch.allclose(weight, other, atol=1e-9) or weight.shape in [(4,), (6,)]


def test_clipping_bounds_the_step():
    model = Listener()
    before = model.linear.weight.item()
    x = np.full((16, 1), 100, "float32")
    validation = {"validation_inputs": {"x": x}, "validation_targets": x[:, 0] * 0}
    fit(model, {"x": x}, x[:, 0] * 0, **validation, loss="mse", optimizer="sgd", lr=0.1, epochs=1,
        clip_norm=1.0, weight_decay=0.0)  # fmt: skip
    assert 0 < abs(model.linear.weight.item() - before) <= 0.1 + 1e-6


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 8), (1, 8, 8, 8)])
def test_convolutions_see_channels_last_and_leave_contiguous_weights(shape):
    inputs, targets = noise(20, *shape)
    model = (CNN if len(shape) == 3 else CNN3D)(shape[0], 8, 3, blocks=(4,), norm="batch")
    layout = torch.channels_last if len(shape) == 3 else torch.channels_last_3d
    outputs: list[Tensor] = []
    model.blocks[0].norm.register_forward_hook(lambda part, given, out: outputs.append(out))
    validation = {"validation_inputs": inputs, "validation_targets": targets}
    fit(model, inputs, targets, **validation, epochs=1)
    assert all(h.is_contiguous(memory_format=layout) for h in outputs)
    assert all(p.is_contiguous() and p.grad is None for p in model.parameters())
    assert not model.training


def test_bfloat16_trains_to_about_the_same_loss():
    losses = []
    for precision in ("float32", "bfloat16"):
        torch.manual_seed(0)
        losses.append(train(MLP(6, 3), epochs=5, precision=precision)[-1]["train_loss"])
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="No precision called 'float8'"):
        train(MLP(6, 3), precision="float8")


def test_on_epoch_hears_each_row_of_the_history():
    rows: list[dict[str, float]] = []
    assert train(MLP(6, 3), epochs=3, on_epoch=rows.append) == rows


def test_windows_of_targets_train_as_the_same_targets_laid_out():
    x = np.random.default_rng(0).normal(size=(60, 6)).astype("float32")
    steps, starts = x[:, :1].copy(), np.arange(50)[::-1].copy()
    laid_out = steps[starts[:, None] + np.arange(4), 0]
    taken = {"kind": "windows", "base": steps, "starts": starts, "length": 4, "vector": True}
    histories = []
    for targets in (laid_out, taken):
        torch.manual_seed(0)
        history = fit(
            MLP(6, 4),
            {"x": x[:50]},
            targets,
            validation_inputs={"x": x[:50]},
            validation_targets=targets,
            loss="mse",
            batch_size=16,
            epochs=3,
        )
        histories.append([(r["train_loss"], r["validation_metric"]) for r in history])
    assert histories[0] == histories[1]


def test_steps_written_one_by_one_are_unfolded():
    scores, targets = torch.arange(6.0).reshape(2, 3), torch.ones(2, 3)
    for loss in ("mse", "mae", "huber"):
        flat, unfolded = (loss_of(loss, s, targets) for s in (scores, scores[..., None]))
        assert torch.equal(flat, unfolded)
    assert metric_of("mse", scores, targets) == metric_of("mse", scores[..., None], targets)


def test_muon_moves_matrices_between_features_and_adamw_the_rest():
    torch.manual_seed(0)
    model, twin = (MLP(4, 2, hidden_sizes=(8, 8)) for _ in range(2))
    twin.load_state_dict(model.state_dict())
    ours = Optimizer(model, "muon", weight_decay=0.1)
    matrices = [part.weight for part in twin.hidden]
    biases = [p for p in twin.parameters() if p.ndim == 1]
    theirs = [
        torch.optim.Muon(matrices, lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW([twin.head.weight], lr=0.01, weight_decay=0.1),
        torch.optim.AdamW(biases, lr=0.01, weight_decay=0.0),
    ]
    x = torch.randn(16, 4)
    for _ in range(3):
        for network in (model, twin):
            network.zero_grad()
            network(x).square().mean().backward()
        ours.step(0.01)
        for optimizer in theirs:
            optimizer.step()
    for weight, other in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.allclose(weight, other, atol=1e-6)


def test_accumulated_steps_of_known_targets_equal_one_of_the_whole_batch():
    """A target of each step, rows of 1 to 50 steps, four batches to a step."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 51, 64)
    base = rng.normal(size=(int(lengths.sum()), 3)).astype("float32")
    starts = lengths.cumsum() - lengths
    inputs = {"x": {"kind": "ragged", "base": base, "starts": starts, "lengths": lengths}}
    targets = {**inputs["x"], "base": (base[:, 0] > 0).astype("int64")}
    weights = []
    for sizes in ({"batch_size": 16, "accumulate": 4}, {"batch_size": 64}):
        torch.manual_seed(0)
        model = RNN(3, 2, hidden_sizes=(8,), per_step=True)
        fit(
            model, inputs, targets, validation_inputs=inputs, validation_targets=targets,
            per_step=True, optimizer="sgd", lr=0.1, epochs=1, **sizes,
        )  # fmt: skip
        weights.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert torch.allclose(*weights, atol=1e-6)


def test_a_schedule_counts_steps_of_the_weights_not_batches():
    """160 batches, ten to a step, five epochs: 80 steps, the peak at warm_share of them."""
    seen = []
    original = Optimizer.step

    def step(self, lr):
        seen.append(lr)
        original(self, lr)

    x = np.zeros((320, 2), "float32")
    targets = np.arange(320) % 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Optimizer, "step", step)
        fit(
            MLP(2, 2), {"x": x}, targets, validation_inputs={"x": x}, validation_targets=targets,
            batch_size=2, accumulate=10, epochs=5, patience=0, lr=1.0,
            schedule={"name": "one_cycle", "warm_share": 0.3},
        )  # fmt: skip
    assert len(seen) == 80
    assert abs(int(np.argmax(seen)) - 24) <= 1
    assert seen[-1] == pytest.approx(0, abs=1e-3)


def test_averaged_weights_of_batch_norm_are_no_worse_and_have_seen_the_rows():
    rng = np.random.default_rng(0)
    targets = np.arange(128) % 2
    x = (rng.normal(size=(128, 1, 8, 8)) + targets[:, None, None, None]).astype("float32")
    best, losses = {}, {}
    for average in (0.0, 0.99):
        torch.manual_seed(0)
        model = CNN(1, 8, 2, blocks=(4,), norm="batch")
        history = fit(
            model, {"x": x}, targets, validation_inputs={"x": x}, validation_targets=targets,
            epochs=20, batch_size=16, average=average,
        )  # fmt: skip
        best[average] = max(row["validation_metric"] for row in history)
        losses[average] = [
            [row[f"{part}_loss"] for row in history] for part in ("train", "validation")
        ]
    buffers = dict(model.named_buffers())
    means = [value for name, value in buffers.items() if name.endswith("running_mean")]
    counts = [value for name, value in buffers.items() if name.endswith("num_batches_tracked")]
    shared = min(len(found[0]) for found in losses.values())
    trained, judged = zip(*losses.values(), strict=True)
    assert trained[0][:shared] == trained[1][:shared], "the weights go on as without it"
    assert judged[0][:shared] != judged[1][:shared], "the average is judged"
    assert best[0.99] >= best[0.0] - 0.02
    assert all(mean.abs().max() > 0.01 for mean in means)
    assert all(count.dtype == torch.int64 for count in counts)
    assert all(int(count) % 8 == 0 for count in counts), "whole numbers are not averaged"


def test_the_single_row_that_is_left_joins_the_batch_before_it():
    """65 rows in batches of 64, with batch norm: torch refuses statistics of one row."""
    x = np.random.default_rng(0).normal(size=(65, 4)).astype("float32")
    targets = np.arange(65) % 2
    model, sizes = MLP(4, 2, norm="batch"), []
    model.register_forward_pre_hook(
        lambda part, args, given: sizes.append(len(given["x"])) if part.training else None,
        with_kwargs=True,
    )
    fit(
        model, {"x": x}, targets, validation_inputs={"x": x}, validation_targets=targets,
        epochs=2, batch_size=64,
    )  # fmt: skip
    assert sizes == [65, 65]


def test_the_norm_of_the_gradient_is_that_of_the_last_step_before_clipping():
    x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    targets = np.arange(32) % 2
    for clip in (0.0, 1e-3):
        torch.manual_seed(0)
        model = MLP(4, 2)
        loss_of("cross_entropy", model(torch.tensor(x)), torch.tensor(targets)).backward()
        length = torch.cat([p.grad.flatten() for p in model.parameters()]).norm().item()
        model.zero_grad()
        [row] = fit(
            model, {"x": x}, targets, validation_inputs={"x": x}, validation_targets=targets,
            epochs=1, batch_size=32, clip_norm=clip,
        )  # fmt: skip
        assert row["gradient_norm"] == pytest.approx(length, rel=1e-4)


def test_the_training_metric_is_that_of_scores_before_each_step():
    inputs, targets = noise(60)
    model = MLP(6, 3)
    before = torch.tensor(predict(model, inputs))
    [row] = fit(
        model, inputs, targets, validation_inputs=inputs, validation_targets=targets,
        epochs=1, batch_size=60,
    )  # fmt: skip
    assert row["train_metric"] == metric_of("cross_entropy", before, torch.tensor(targets))


def test_rows_are_mixed_and_so_are_their_losses():
    """A linear model of numbers: the loss of mixtures by hand."""
    x = np.random.default_rng(0).normal(size=(8, 2)).astype("float32")
    targets = np.random.default_rng(1).normal(size=8).astype("float32")
    model = MLP(2, 1, hidden_sizes=())
    [share] = Mixing(0.4, {"x": x}, seed=5).shares(1)
    order = np.random.default_rng(5).permutation(8)
    rows, truth = torch.tensor(x[order]), torch.tensor(targets[order])
    scores = model(share * rows + (1 - share) * rows.flip(0)).detach()
    losses = [loss_of("mse", scores, own).item() for own in (truth, truth.flip(0))]
    [row] = fit(
        model, {"x": x}, targets, validation_inputs={"x": x}, validation_targets=targets,
        loss="mse", epochs=1, batch_size=8, mixup=0.4, seed=5,
    )  # fmt: skip
    expected = share * losses[0] + (1 - share) * losses[1]
    assert row["train_loss"] == pytest.approx(expected, rel=1e-5)


def test_balanced_sampling_draws_a_rare_class_as_often_as_the_others():
    targets = (np.arange(1000) < 50).astype("int64")
    feed = Feed(
        {"x": np.zeros((1000, 1), "float32")}, torch.device("cpu"), {},
        random=np.random.default_rng(0), chances=chances("balanced", targets),
    )  # fmt: skip
    drawn = torch.cat([own for _, own in feed.shuffled(torch.tensor(targets).__getitem__, 100)])
    assert len(drawn) == 1000
    assert 0.45 < drawn.float().mean().item() < 0.55


@pytest.mark.parametrize("batch_size", [1, 13, 64, 65])
def test_a_loss_of_validation_is_a_mean_over_rows_not_over_batches(batch_size):
    """64 rows of loss 0.1 and one of 10: 0.2523, not 5.05."""
    x = np.zeros((65, 1), "float32")
    validation = np.full(65, np.sqrt(0.1), "float32")
    validation[-1] = np.sqrt(10)
    model = MLP(1, 1, hidden_sizes=())
    with torch.no_grad():
        for weight in model.parameters():
            weight.zero_()
    history = fit(
        model, {"x": x}, np.zeros(65, "float32"), validation_inputs={"x": x},
        validation_targets=validation, loss="mse", epochs=1, batch_size=batch_size,
    )  # fmt: skip
    assert history[0]["validation_loss"] == pytest.approx((64 * 0.1 + 10) / 65, rel=1e-5)


@pytest.mark.parametrize(
    ("inputs", "what"),
    [
        ({"x": np.zeros((9, 2), "float32"), "categories": np.zeros((9, 1), "int64")}, "categories"),
        ({"x": np.zeros((9, 2), "int64")}, "tokens"),
        ({"x": np.zeros((9, 2, 1), "float32"), "lengths": np.ones(9, "int64")}, "sequences"),
    ],
)
def test_what_cannot_be_mixed_is_refused(inputs, what):
    with pytest.raises(ValueError, match=f"mixup=0.2 mixes rows that are numbers.*{what}"):
        Mixing(0.2, inputs, seed=0)


def test_schedule_free_is_what_its_authors_write():
    weight = nn.Parameter(torch.tensor([[1.0, -2.0]], dtype=torch.float64))
    model = nn.Module()
    model.weight = weight
    optimizer = Optimizer(model, "schedule_free", weight_decay=0.1, betas=(0.9, 0.99))
    x = z = y = weight.detach().numpy().copy()
    v, total = np.zeros_like(x), 0.0
    for step, lr in enumerate([0.01, 0.02, 0.02, 0.02], 1):
        gradient = 2 * y + 1
        weight.grad = torch.tensor(gradient)
        optimizer.step(lr)
        v = 0.99 * v + 0.01 * gradient**2
        z = z - lr * (gradient / (np.sqrt(v / (1 - 0.99**step)) + 1e-8) + 0.1 * y)
        total += lr**2
        x = x + lr**2 / total * (z - x)
        y = 0.1 * z + 0.9 * x
        np.testing.assert_allclose(weight.detach().numpy(), y, rtol=1e-6)
        with optimizer:
            np.testing.assert_allclose(weight.detach().numpy(), x, rtol=1e-6)
    np.testing.assert_allclose(weight.detach().numpy(), y, rtol=1e-6)


@pytest.mark.parametrize("wanted", [True, False])
def test_deterministic_holds_while_training_and_no_longer(wanted):
    class Asked(Listener):
        def forward(self, x: Tensor, **others: Tensor) -> Tensor:
            self.heard.append(torch.are_deterministic_algorithms_enabled())
            return self.linear(x[:, :1]).expand(-1, 3)

    model = Asked()
    train(model, epochs=1, deterministic=wanted)
    assert set(model.heard) == {wanted}
    assert not torch.are_deterministic_algorithms_enabled()
