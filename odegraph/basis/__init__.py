"""Bases in depth and the exact maps between them."""

from odegraph.basis.basis import Basis as Basis
from odegraph.basis.basis import Row as Row
from odegraph.basis.exact_matrix import ExactMatrix as ExactMatrix
from odegraph.basis.exact_matrix import identity as identity
from odegraph.basis.exact_matrix import pseudo_inverse as pseudo_inverse
from odegraph.basis.inner_products import mass as mass
from odegraph.basis.mesh import Side as Side
from odegraph.basis.piecewise import PiecewiseConstant as PiecewiseConstant
from odegraph.basis.piecewise import PiecewiseLinear as PiecewiseLinear
from odegraph.basis.projection import dual as dual
from odegraph.basis.projection import interpolation as interpolation
from odegraph.basis.projection import projection as projection
from odegraph.basis.projection import projection_matrix as projection_matrix
from odegraph.basis.reading import basis_from_dict as basis_from_dict
