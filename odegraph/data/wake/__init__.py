"""Flow past a cylinder, computed here: `wake.load(diameter=10, height=12, seed=0)`."""

from odegraph.data.wake.cylinder import WakeParameters as WakeParameters
from odegraph.data.wake.dataset import PAPER_SIZE as PAPER_SIZE
from odegraph.data.wake.dataset import Wake as Wake
from odegraph.data.wake.dataset import load as load
from odegraph.data.wake.dataset import load_wake as load_wake
