"""A transformer whose layers are continuous in depth, and the layers around it."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class TransformerUnit(nn.Module):
    """R(x) = attention(norm(x)) + mlp(norm(x)): both branches of a layer side by side.

    A layer of a pre-norm transformer is x + R(x), one step of forward Euler (Lu et al.,
    Understanding and Improving Transformer From a Multi-Particle Dynamic System Point of View,
    2019; the parallel form is that of Wang and Komatsuzaki, GPT-J, 2021).

    Args:
        features: of one token; a multiple of `heads`.
        heads: of the attention.
        hidden: size of the hidden layer of the MLP; by default four times the features.
    """

    def __init__(self, features: int, heads: int = 4, hidden: int | None = None) -> None:
        super().__init__()
        width = 4 * features if hidden is None else hidden
        self.heads = heads
        self.norm1 = nn.LayerNorm(features)
        self.query_key_value = nn.Linear(features, 3 * features)
        self.mixed = nn.Linear(features, features)
        self.norm2 = nn.LayerNorm(features)
        self.inner = nn.Linear(features, width)
        self.outer = nn.Linear(width, features)

    def forward(self, x: Tensor) -> Tensor:
        """Rates of shape [batch, tokens, features] for states of the same shape."""
        return self._attention(self.norm1(x)) + self.outer(F.gelu(self.inner(self.norm2(x))))

    def _attention(self, x: Tensor) -> Tensor:
        joined = self.query_key_value(x).unflatten(-1, (3, self.heads, -1))
        query, key, value = joined.permute(2, 0, 3, 1, 4).unbind()
        seen = F.scaled_dot_product_attention(query, key, value)
        return self.mixed(seen.transpose(1, 2).flatten(2))


class PatchStem(nn.Module):
    """Images to tokens: one linear map of each patch, plus a learned position.

    Args:
        in_channels: of the images.
        features: of one token.
        patch: side of a patch in pixels.
        tokens: number of patches of an image.
    """

    def __init__(self, in_channels: int, features: int, patch: int, tokens: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, features, patch, stride=patch)
        self.position = nn.Parameter(0.02 * torch.randn(tokens, features))

    def forward(self, x: Tensor) -> Tensor:
        """[batch, in_channels, height, width] to [batch, tokens, features]."""
        return self.conv(x).flatten(2).transpose(1, 2) + self.position


class TokenClassifier(nn.Module):
    """The mean over tokens, normalised, and one linear layer to logits."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(features)
        self.linear = nn.Linear(features, classes)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, tokens, features] to logits [batch, classes]."""
        return self.linear(self.norm(x.mean(dim=1)))
