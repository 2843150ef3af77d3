"""Feature extractors for the metrics: any function from images to an (N, D) array is one.

Features from the penultimate layer of your own classifier usually tell more about your images than either:
pass ``extract(X)`` to the metrics instead of ``X``, with the same ``extract`` for real and fake.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ganaug._features import pixel_features

__all__ = ["inception_features", "pixel_features"]

_WEIGHTS_FILE = "weights-inception-2015-12-05-6726825d.pth"
_BATCH = 32


def inception_features(X: Any, *, weights: str | Path | None = None, device: str = "cpu") -> np.ndarray:
    """Return the 2048 pooled Inception-V3 features that FID and KID are defined on.

    Parameters
    ----------
    X : uint8 array of shape (N, H, W), (N, H, W, C) or (N, C, H, W), C of 1 or 3, in [0, 255]
        Grey images are repeated over three channels. Resizing to 299x299 is the extractor's.
    weights : path or None, default None
        File with torch-fidelity's converted weights. None looks in torch's hub folder; nothing is downloaded.
    device : str, default "cpu"
        Where to compute.

    Returns
    -------
    ndarray of shape (N, 2048), float32

    Raises
    ------
    ImportError
        If torch-fidelity is not installed.
    FileNotFoundError
        If the weights are not there.
    ValueError
        If `X` is no batch of uint8 images.

    References
    ----------
    C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016,
    arXiv:1512.00567; with the weights of Heusel et al. (2017), as converted by torch-fidelity.
    """
    import torch

    images = _as_rgb(X)
    extractor = _inception(_find_weights(weights)).to(device)
    features = []
    with torch.inference_mode():
        for start in range(0, len(images), _BATCH):
            batch = torch.from_numpy(np.ascontiguousarray(images[start : start + _BATCH]))
            features.append(extractor(batch.to(device))[0].cpu())
    return torch.cat(features).numpy()


def _as_rgb(X: Any) -> np.ndarray:
    """Return uint8 images as a view of shape (N, 3, H, W)."""
    X = np.asarray(X)
    if X.ndim == 3:
        X = X[:, None]
    elif X.ndim == 4 and X.shape[1] not in (1, 3):
        X = X.transpose(0, 3, 1, 2)
    if X.dtype != np.uint8 or X.ndim != 4 or X.shape[1] not in (1, 3) or X.size == 0:
        raise ValueError(
            f"Inception features need uint8 images of shape (N, H, W), (N, H, W, C) or (N, C, H, W) with 1 "
            f"or 3 channels, got dtype {X.dtype} and shape {X.shape}; scale to 0..255 and cast."
        )
    return np.broadcast_to(X, (len(X), 3, *X.shape[2:]))


def _find_weights(weights: str | Path | None) -> Path:
    import torch

    path = Path(weights) if weights is not None else Path(torch.hub.get_dir(), "checkpoints", _WEIGHTS_FILE)
    if not path.is_file():
        raise FileNotFoundError(
            f"No Inception weights at {path}. Get {_WEIGHTS_FILE} from torch-fidelity's releases and put "
            f"it there, or pass weights=PATH; or use frechet_distance with features of your own."
        )
    return path


def _inception(path: Path) -> Any:
    import torch

    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except ImportError as error:
        raise ImportError("Inception features need torch-fidelity: pip install torch-fidelity") from error
    torch.load(path, weights_only=True)  # torch-fidelity would unpickle anything; this refuses all but tensors
    return FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=str(path))
