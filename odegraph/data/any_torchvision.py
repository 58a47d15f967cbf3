"""Let torchvision, and with it Lightning, be imported beside any build of torch.

Beside another build than its own, such as a CPU build of torch, torchvision's compiled operators do
not load, and its Python part fails on import: it says how `nms` and `qnms` behave, which are not
there. Nothing here calls them, so it is enough to declare them.
"""

import functools
import importlib.util
from pathlib import Path

import torch

OPERATORS = ("nms", "qnms")
SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


@functools.cache  # the declarations live as long as the library object
def allow_any_torchvision() -> torch.library.Library | None:
    """Declare the operators of a torchvision whose build is not torch's; otherwise do nothing."""
    spec = importlib.util.find_spec("torchvision")
    compiled = spec and spec.origin and Path(spec.origin).with_name("_C.so")
    if not compiled or _loads(compiled):
        return None
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in OPERATORS:
        library.define(operator + SIGNATURE)
    return library


def _loads(compiled: Path) -> bool:
    try:
        torch.ops.load_library(compiled)
    except OSError:
        return False
    return True
