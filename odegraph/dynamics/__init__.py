"""Stability of learned dynamics: Lyapunov equations, spectra, structured weights, constraints."""
