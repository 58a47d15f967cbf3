"""Models: residual units, layered models and the files that describe them."""

from odegraph.models.autoencoder_loss import LossTerms as LossTerms
from odegraph.models.autoencoder_loss import autoencoder_loss as autoencoder_loss
from odegraph.models.autoencoder_loss import check_taps_fit as check_taps_fit
from odegraph.models.autoencoder_loss import prediction_loss as prediction_loss
from odegraph.models.autoencoder_loss import windows as windows
from odegraph.models.continuous_net import ContinuousNet as ContinuousNet
from odegraph.models.continuous_net import WideContinuousNet as WideContinuousNet
from odegraph.models.from_resnet import from_resnet as from_resnet
from odegraph.models.generators import Conservative as Conservative
from odegraph.models.generators import Dissipative as Dissipative
from odegraph.models.latent_map import LatentMap as LatentMap
from odegraph.models.layered import LayeredModel as LayeredModel
from odegraph.models.loading import load_dynamics as load_dynamics
from odegraph.models.lyapunov_autoencoder import AgnosticPredictor as AgnosticPredictor
from odegraph.models.lyapunov_autoencoder import Decoder as Decoder
from odegraph.models.lyapunov_autoencoder import Encoder as Encoder
from odegraph.models.lyapunov_autoencoder import LyapunovAutoencoder as LyapunovAutoencoder
from odegraph.models.model_file import ModelFile as ModelFile
from odegraph.models.model_file import read_model as read_model
from odegraph.models.resnet import ResNet as ResNet
from odegraph.models.rollout import linear_rollout as linear_rollout
from odegraph.models.rollout import rollout_at as rollout_at
from odegraph.models.stable_latent import StableLatent as StableLatent
