"""Data sets and readers: every one gives snapshots in time."""
