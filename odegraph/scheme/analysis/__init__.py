"""What follows from a tableau beyond its order: one idea a file, computed when asked for."""

from .report import Analysis as Analysis
