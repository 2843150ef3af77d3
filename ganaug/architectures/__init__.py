"""Generator and discriminator recipes, one per file; `ARCHITECTURES` names them."""

from ganaug.architectures.base import Architecture, DataSpec, Networks
from ganaug.architectures.dcgan import DCGAN
from ganaug.architectures.residual import Residual

ARCHITECTURES = {"residual": Residual(), "dcgan": DCGAN()}

__all__ = ["ARCHITECTURES", "DCGAN", "Architecture", "DataSpec", "Networks", "Residual"]
