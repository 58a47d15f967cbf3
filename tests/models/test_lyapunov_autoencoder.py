from fractions import Fraction

import pytest
import torch
from torch import nn
from torch.testing import assert_close

import odegraph as og
from odegraph.models import (
    AgnosticPredictor,
    LatentMap,
    LyapunovAutoencoder,
    StableLatent,
    autoencoder_loss,
    prediction_loss,
    windows,
)


def test_taps_read_the_rollout():
    model = LyapunovAutoencoder(12, latent=4, widths=(8, 6), taps=(1, 3))
    y = torch.randn(5, 12)
    rollout = model.rollout(y, steps=3)
    for prediction, step in zip(model(y), (1, 3), strict=True):
        assert_close(prediction, rollout[step])
    assert_close(model.reconstruct(y), rollout[0])


def test_sizes_are_those_of_the_paper():
    model = LyapunovAutoencoder(100)
    shapes = [tuple(weight.shape) for weight in model.parameters() if weight.ndim == 2]
    assert shapes == [(40, 100), (25, 40), (15, 25), (15, 15), (25, 15), (40, 25), (100, 40)]


def test_black_box_goes_through_all_layers_at_every_step():
    model = AgnosticPredictor(6, latent=2, widths=(4,), taps=(2,))
    y = torch.randn(3, 6)
    (prediction,) = model(y)
    assert_close(prediction, model.step(model.step(y)))
    assert_close(model.rollout(y, steps=2)[2], prediction)


def test_loss_is_its_formula():
    torch.manual_seed(0)
    model = LyapunovAutoencoder(6, latent=2, widths=(4,))
    with torch.no_grad():
        model.dynamics.weight.copy_(torch.diag(torch.tensor([0.5, 1.1])))
    values = torch.randn(9, 6)
    window = windows(values, taps=model.taps)
    assert_close(window[4], values[[4, 5, 6]])
    terms = autoencoder_loss(model, window, reconstruction=0.3, kappa=2.0)
    one, two = model(window[:, 0])
    expected = (one - window[:, 1]).square().mean() + (two - window[:, 2]).square().mean()
    assert_close(terms.prediction, expected)
    difference = model.reconstruct(window[:, 0]) - window[:, 0]
    assert_close(terms.reconstruction, 0.3 * difference.square().mean())
    p = 1 / (1 - torch.tensor(1.1) ** 2)
    assert_close(terms.prior, 2.0 * torch.exp((p - 1) / 4))
    assert_close(terms.total, terms.prediction + terms.reconstruction + terms.prior)


def test_training_lowers_the_loss_and_the_prior_pushes_inwards():
    torch.manual_seed(0)
    model = LyapunovAutoencoder(6, latent=3, widths=(5,))
    with torch.no_grad():
        model.dynamics.weight.mul_(1.2)
    window = windows(torch.randn(9, 6), taps=(1, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    before = og.lyapunov_prior(model.omega()).item()
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = autoencoder_loss(model, window, kappa=1.0).total
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert og.lyapunov_prior(model.omega()).item() < before


def test_half_steps_lie_between_the_steps():
    model = LyapunovAutoencoder(6, latent=3, dynamics=StableLatent(3, "gauss-3", 0.1))
    y, half = torch.randn(2, 6), Fraction(1, 2)
    assert_close(model.omega(part=half) @ model.omega(part=half), model.omega())
    assert_close(model.rollout(y, steps=6, part=half)[::2], model.rollout(y, steps=3))


def test_a_free_map_has_half_a_step_where_it_has_a_real_logarithm():
    model = LyapunovAutoencoder(6, latent=2)
    with torch.no_grad():
        model.dynamics.weight.copy_(torch.tensor([[0.4, -0.3], [0.3, 0.4]]))
    half = model.omega(part=Fraction(1, 2))
    assert_close(half @ half, model.omega().detach())
    with torch.no_grad():
        model.dynamics.weight.copy_(torch.diag(torch.tensor([0.4, -0.3])))
    with pytest.raises(
        og.GraphError, match=r"no real logarithm.*`1/2 of a step`.*negative eigenvalue `-0\.3`"
    ):
        model.rollout(torch.randn(6), steps=2, part=Fraction(1, 2))


def test_rollouts_of_the_black_box_do_not_go_back():
    with pytest.raises(og.GraphError, match="steps is `-1`; a rollout goes forward"):
        AgnosticPredictor(6).rollout(torch.randn(6), steps=-1)


def test_windows_are_cut_from_frames_in_a_row():
    with pytest.raises(og.DataError, match=r"shape `\(4, 2, 3\)`; windows are cut from \[time"):
        windows(torch.randn(4, 2, 3), taps=(1,))


def test_autoencoder_with_stable_dynamics_never_blows_up():
    model = LyapunovAutoencoder(8, latent=3, widths=(4,), dynamics=StableLatent(3))
    far = 1e3 * torch.randn(2, 8)
    states = model.rollout(far, steps=10_000)
    bound = model.encoder(far).norm(dim=-1).max()
    assert torch.isfinite(states).all()
    assert (states[-1] - model.decoder(torch.zeros(2, 3))).norm() <= 10 * (1 + bound)


@pytest.mark.parametrize("taps", [(), (0,), (2, 1), (1, 1), (1.5,), (True, 2)])
def test_taps_rise(taps):
    with pytest.raises(og.GraphError, match=r"taps are `.*rising order"):
        LyapunovAutoencoder(4, taps=taps)


def test_taps_stay_in_the_sequence():
    with pytest.raises(og.DataError, match="tap `5` reaches beyond the sequence of `5` frames"):
        windows(torch.zeros(5, 2), taps=(1, 5))


@pytest.mark.parametrize("kappa", [0.0, -1.0, float("nan")])
def test_kappa_is_positive(kappa: float):
    model = LyapunovAutoencoder(4, latent=2)
    with pytest.raises(og.GraphError, match=r"kappa is `.*positive"):
        autoencoder_loss(model, torch.zeros(1, 3, 4), kappa=kappa)


def test_other_weights_of_the_loss():
    model = LyapunovAutoencoder(4, latent=2)
    with pytest.raises(og.GraphError, match=r"reconstruction is `-1\.0`"):
        autoencoder_loss(model, torch.zeros(1, 3, 4), reconstruction=-1.0)
    with pytest.raises(og.GraphError, match=r"gamma is `0`.*must be positive"):
        autoencoder_loss(model, torch.zeros(1, 3, 4), kappa=1.0, gamma=0)
    with pytest.raises(og.GraphError, match="has `2` taps and the window `1` later frames"):
        prediction_loss(model, torch.zeros(1, 2, 4))


def test_dynamics_must_fit():
    with pytest.raises(og.GraphError, match=r"dynamics `Linear` have no `omega\(\)`"):
        LyapunovAutoencoder(4, dynamics=nn.Linear(15, 15))
    with pytest.raises(og.GraphError, match=r"matrix `\[3, 3\]` and the latent space has `4`"):
        LyapunovAutoencoder(4, latent=4, dynamics=LatentMap(3))
    with pytest.raises(og.GraphError, match="A layer has the size `0`"):
        LyapunovAutoencoder(0)
    with pytest.raises(og.UnitError, match="size is `0`"):
        LatentMap(0)
