"""Stability of learned dynamics: Lyapunov equations, spectra, structured weights, constraints."""

from odegraph.dynamics.constraint import Constraint as Constraint
from odegraph.dynamics.kronecker import lyapunov_solve_kronecker as lyapunov_solve_kronecker
from odegraph.dynamics.logarithm import part_of_step as part_of_step
from odegraph.dynamics.logarithm import real_logarithm as real_logarithm
from odegraph.dynamics.lyapunov import lyapunov_prior as lyapunov_prior
from odegraph.dynamics.lyapunov import lyapunov_solve as lyapunov_solve
from odegraph.dynamics.parametrizations import SymmetricSkew as SymmetricSkew
from odegraph.dynamics.perturbations import linearise as linearise
from odegraph.dynamics.perturbations import perturbation_growth as perturbation_growth
from odegraph.dynamics.spectrum import eigenvalues as eigenvalues
from odegraph.dynamics.spectrum import numerical_abscissa as numerical_abscissa
from odegraph.dynamics.spectrum import numerical_radius as numerical_radius
from odegraph.dynamics.spectrum import spectral_abscissa as spectral_abscissa
from odegraph.dynamics.spectrum import spectral_radius as spectral_radius
from odegraph.dynamics.transients import TransientGrowth as TransientGrowth
from odegraph.dynamics.transients import transient_growth as transient_growth
