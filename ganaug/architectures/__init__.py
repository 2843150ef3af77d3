"""Generator and discriminator recipes, one per file; three tables name them: for images, tables and vectors."""

from ganaug.architectures.base import Architecture, DataSpec, Networks
from ganaug.architectures.dcgan import DCGAN
from ganaug.architectures.mlp import MLP
from ganaug.architectures.residual import Residual

ARCHITECTURES = {"residual": Residual(), "dcgan": DCGAN()}
TABLE_ARCHITECTURES = {"mlp": MLP()}
VECTOR_ARCHITECTURES = {"mlp": MLP(width=256, latent_dim=64, n_blocks=0)}

__all__ = [
    "ARCHITECTURES",
    "DCGAN",
    "MLP",
    "TABLE_ARCHITECTURES",
    "VECTOR_ARCHITECTURES",
    "Architecture",
    "DataSpec",
    "Networks",
    "Residual",
]
