"""What a forecast is worth: errors over the horizon, in one step, and after ten thousand."""

import importlib.util
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from odegraph.data.baselines import climatology
from odegraph.data.dmd import dmd_forecast
from odegraph.dynamics import spectral_radius
from odegraph.models import LyapunovAutoencoder
from odegraph.study.problem import Coordinates, Problem
from odegraph.study.recipe import LATENT

LONG = 10_000  # steps after which a model is asked whether it stayed bounded
BOUNDED = 10.0  # times the largest frame of the training part
DMD_RANKS = (6, LATENT)  # few modes for few frames, and as many as the autoencoders have
STARTS = 3  # of the test part: a third of it are starts, the rest is horizon


@dataclass(frozen=True)
class Scores:
    """Errors of one model on the test part.

    Attributes:
        one_step: root mean square error one frame ahead, in physical units.
        errors: relative errors |forecast - truth| / |truth| of k = 1, 2, ... steps, the median over
            all starts in the test part.
        restarted: the same with a decoder and an encoder in every step; empty where there are none.
        radius: spectral radius of the latent map; NaN where there is none.
        growth: the largest frame within 10,000 steps, in largest frames of the training part.
    """

    one_step: float
    errors: tuple[float, ...]
    restarted: tuple[float, ...] = ()
    radius: float = math.nan
    growth: float = math.nan

    @property
    def is_bounded(self) -> bool:
        """Whether the model stayed within ten times what it was trained on."""
        return self.growth <= BOUNDED


def horizon_of(problem: Problem, horizon: int) -> int:
    """At most `horizon` steps, with a few starts left in the test part."""
    count = len(problem.test)
    return max(1, min(horizon, count - max(1, count // STARTS)))


@torch.no_grad()
def score_model(
    model: nn.Module, coordinates: Coordinates, problem: Problem, *, horizon: int
) -> Scores:
    """Scores of a trained model that sees `coordinates`."""
    steps = horizon_of(problem, horizon)
    starts = coordinates.of(problem.test.values[: len(problem.test) - steps])
    forecast = coordinates.values(model.rollout(starts, steps=steps))  # pyright: ignore[reportCallIssue]
    one = coordinates.values(model(coordinates.of(_frames_before(problem)))[0])
    latent = isinstance(model, LyapunovAutoencoder)
    return Scores(
        one_step=_physical_error(one, problem),
        errors=relative_errors(forecast, problem),
        restarted=_restarted(model, starts, coordinates, problem, steps) if latent else (),
        radius=spectral_radius(model.omega()) if latent else math.nan,
        growth=long_growth(model, starts[:1], coordinates, problem),
    )


def relative_errors(forecast: Tensor, problem: Problem) -> tuple[float, ...]:
    """Medians over the starts, of k = 1 to `steps`: forecast is [steps + 1, starts, features]."""
    count, found = forecast.shape[1], []
    for step in range(1, len(forecast)):
        truth = problem.test.values[step : step + count]
        error = (forecast[step] - truth).norm(dim=-1) / truth.norm(dim=-1)
        found.append(error.median().item())
    return tuple(found)


def long_growth(
    model: nn.Module, start: Tensor, coordinates: Coordinates, problem: Problem
) -> float:
    """The largest frame within 10,000 steps over the largest of the training part."""
    frames = model.rollout(start, steps=LONG)  # pyright: ignore[reportCallIssue]
    largest = coordinates.of(problem.train.values).norm(dim=-1).max()
    growth = (frames.norm(dim=-1).max() / largest).item()
    return growth if math.isfinite(growth) else math.inf


def score_baselines(problem: Problem, frames: Tensor, *, horizon: int) -> dict[str, Scores]:
    """Persistence, climatology and, where PyDMD is installed, DMD on the training `frames`."""
    steps = horizon_of(problem, horizon)
    test = problem.test.values
    starts, before = test[: len(test) - steps], _frames_before(problem)
    mean = climatology(frames, steps=len(test), period=problem.period)
    windows = [mean[step : step + len(starts)] for step in range(steps + 1)]
    still = starts.expand(steps + 1, *starts.shape)
    scores = {
        "persistence": Scores(_physical_error(before, problem), relative_errors(still, problem)),
        "climatology": Scores(
            _physical_error(mean, problem), relative_errors(torch.stack(windows), problem)
        ),
    }
    if importlib.util.find_spec("pydmd") is not None:
        for rank in sorted({min(rank, len(frames) - 1) for rank in DMD_RANKS}):
            one = dmd_forecast(frames, before, steps=1, rank=rank)[1]
            many = dmd_forecast(frames, starts, steps=steps, rank=rank)
            found = Scores(_physical_error(one, problem), relative_errors(many, problem))
            scores[f"DMD, {rank} modes"] = found
    return scores


def _frames_before(problem: Problem) -> Tensor:
    return torch.cat([problem.train.values[-1:], problem.test.values[:-1]])


def _physical_error(forecast: Tensor, problem: Problem) -> float:
    return problem.scale * (forecast - problem.test.values).square().mean().sqrt().item()


def _restarted(
    model: LyapunovAutoencoder,
    starts: Tensor,
    coordinates: Coordinates,
    problem: Problem,
    steps: int,
) -> tuple[float, ...]:
    """(Phi Omega Psi)^k: out of the latent space and back in every step."""
    frames = [starts]
    for _ in range(steps):
        frames.append(model(frames[-1])[0])
    return relative_errors(coordinates.values(torch.stack(frames)), problem)
