"""Models: residual units, layered models and the files that describe them."""

from odegraph.models.continuous_net import ContinuousNet as ContinuousNet
from odegraph.models.continuous_net import WideContinuousNet as WideContinuousNet
from odegraph.models.from_resnet import from_resnet as from_resnet
from odegraph.models.layered import LayeredModel as LayeredModel
from odegraph.models.model_file import ModelFile as ModelFile
from odegraph.models.model_file import read_model as read_model
from odegraph.models.resnet import ResNet as ResNet
