"""Dynamic mode decomposition by PyDMD (optional), the linear forecast to beat.

Schmid (2010): on clean data of a limit cycle few modes are hard to beat.
"""

import warnings

import torch
from torch import Tensor

from odegraph._errors import DataError
from odegraph.data.netcdf import refuse_missing


def dmd_forecast(train: Tensor, starts: Tensor, *, steps: int, rank: int = 15) -> Tensor:
    """Forecast `steps` frames from each start [count, features]: [steps + 1, count, features].

    The modes are those of `train` [time, features]: `rank` of them, or fewer where the frames have
    no more directions to rounding.
    """
    refuse_missing("pydmd", purpose="Dynamic mode decomposition", extra="dmd")
    from pydmd import DMD

    if not 1 <= rank < len(train):
        raise DataError(
            f"rank is `{rank}`; `{len(train)}` training snapshots have 1 to {len(train) - 1} modes."
        )
    used = min(rank, int(torch.linalg.matrix_rank(train[:-1])))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Input data condition number", UserWarning)
        fitted = DMD(svd_rank=used).fit(train.double().cpu().numpy().T)
    modes = torch.from_numpy(fitted.modes)
    rates = torch.from_numpy(fitted.eigs)
    amplitudes = torch.linalg.lstsq(modes, starts.double().mT.to(modes.dtype)).solution
    powers = torch.stack([rates**step for step in range(steps + 1)])
    frames = torch.einsum("fm,km,mc->kcf", modes, powers, amplitudes)
    return frames.real.to(starts.dtype)
