"""Integration schemes: files, exact proofs, properties, catalogue."""

from .additive_runge_kutta import AdditiveRungeKuttaScheme as AdditiveRungeKuttaScheme
from .base import Scheme as Scheme
from .catalogue import family_names as family_names
from .catalogue import load_scheme as load_scheme
from .catalogue import scheme_names as scheme_names
from .composition import CompositionScheme as CompositionScheme
from .exponential import ExponentialScheme as ExponentialScheme
from .file import read_scheme_file as read_scheme_file
from .from_tableau import scheme_from_tableau as scheme_from_tableau
from .general_linear import GeneralLinearScheme as GeneralLinearScheme
from .linear_multistep import LinearMultistepScheme as LinearMultistepScheme
from .nystrom import NystromScheme as NystromScheme
from .parametric import FamilyProof as FamilyProof
from .parametric import prove_family as prove_family
from .partitioned_runge_kutta import (
    PartitionedRungeKuttaScheme as PartitionedRungeKuttaScheme,
)
from .rosenbrock import RosenbrockScheme as RosenbrockScheme
from .runge_kutta import RungeKuttaScheme as RungeKuttaScheme
from .spec import SchemeSpec as SchemeSpec
from .verify import verify as verify
