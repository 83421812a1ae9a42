"""
One pure function for each published formula of class weights, and the table of them.

A formula sees the classes that occur, as exact integers, and computes in float64. It does not know
whether it is given numbers of pixels or of masks: `formula.py` and `class_weights.py` choose them.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..errors import WeightError
from ..text.numbers import number_of

# What a formula may be told besides its parameters.
ABSENT = ("zero", "one", "max", "error")
NORMALIZE = ("none", "mean", "sum", "max", "min")
DENOMINATORS = ("published", "labelled", "all")
UNITS = ("pixels", "masks")
WITHOUT_UNIT = ("median-frequency", "uniform")  # its P_c are pixels; and there is nothing to count


class Frequencies(NamedTuple):
    """
    What formulas are made of: exact integers of the K classes that occur.

    Attributes
    ----------
    names : tuple of str
        How messages call the classes.
    numbers : tuple of int
        n_c, pixels of each class, or with the unit "masks" the masks that hold it.
    mask_pixels : tuple of int
        P_c, pixels of the masks that hold the class.
    total : int
        N, labelled pixels, or all masks.
    unit : str
        One of `UNITS`.
    """

    names: tuple[str, ...]
    numbers: tuple[int, ...]
    mask_pixels: tuple[int, ...]
    total: int
    unit: str = "pixels"


Method = Callable[..., list[float]]


def inverse_frequency(f: Frequencies) -> list[float]:
    """
    Inverse frequency, w_c = N / n_c.

    References
    ----------
    .. [1] "Total pixels over class pixels", as Keras users answer and as the
       MATLAB documentation of pixelClassificationLayer computes it.
    """
    return [f.total / n for n in f.numbers]


def balanced(f: Frequencies) -> list[float]:
    """
    Balanced, w_c = N / (K n_c): a class of average size weighs 1.

    References
    ----------
    .. [1] scikit-learn, ``compute_class_weight("balanced")``, after G. King and
       L. Zeng, "Logistic Regression in Rare Events Data", 2001.
    """
    return [f.total / (len(f.numbers) * n) for n in f.numbers]


def median_frequency(f: Frequencies) -> list[float]:
    """
    Median frequency balancing, w_c = median(f) / f_c with f_c = n_c / P_c.

    P_c counts only the masks in which the class occurs, so that a class is not
    called rare for being absent. The median of an even number is the mean of
    the middle two.

    References
    ----------
    .. [1] D. Eigen and R. Fergus, "Predicting Depth, Surface Normals and Semantic
       Labels with a Common Multi-Scale Convolutional Architecture", ICCV 2015.
       https://arxiv.org/abs/1411.4734
    """
    frequencies = [n / p for n, p in zip(f.numbers, f.mask_pixels, strict=True)]
    middle = median(frequencies)
    return [middle / frequency for frequency in frequencies]


def median(values: Sequence[float]) -> float:
    """The middle of the sorted values; of an even number, the mean of the middle two."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def enet(f: Frequencies, c: float = 1.02) -> list[float]:
    """
    Bounded inverse frequency, w_c = 1 / ln(c + p_c) with p_c = n_c / N.

    Parameters
    ----------
    c : float
        Above 1. No weight exceeds 1 / ln(c), 50.5 for the default.

    References
    ----------
    .. [1] A. Paszke et al., "ENet: A Deep Neural Network Architecture for Real-Time
       Semantic Segmentation", 2016. https://arxiv.org/abs/1606.02147
    """
    if c <= 1:
        raise WeightError(f"c must be above 1, got {c}")
    return [1 / math.log(c + n / f.total) for n in f.numbers]


def effective_number(f: Frequencies, beta: float = 0.9999) -> list[float]:
    """
    Effective number of samples, w_c = (1 - beta) / (1 - beta^n_c).

    Parameters
    ----------
    beta : float
        From 0 to below 1. Of pixels there are so many that beta^n_c vanishes and all weights
        agree, which the unit "masks" mends.

    References
    ----------
    .. [1] Y. Cui et al., "Class-Balanced Loss Based on Effective Number of Samples",
       CVPR 2019. https://arxiv.org/abs/1901.05555
    """
    if not 0 <= beta < 1:
        raise WeightError(f"beta must be at least 0 and below 1, got {beta}")
    return [(1 - beta) / (1 - beta**n) for n in f.numbers]


def power(f: Frequencies, exponent: float = 0.5) -> list[float]:
    """
    Power of the share, w_c = p_c^-exponent: common practice, without one source.

    Parameters
    ----------
    exponent : float
        0.5 is the inverse square root, 1 inverse frequency, 0 no weighting.
    """
    return [(n / f.total) ** -exponent for n in f.numbers]


def smoothed_inverse(f: Frequencies, eps: float = 0.001) -> list[float]:
    """
    Smoothed inverse share, w_c = 1 / (p_c + eps).

    Parameters
    ----------
    eps : float
        At least 0. No weight exceeds 1 / eps.

    References
    ----------
    .. [1] A. Milioto et al., "RangeNet++", IROS 2019, and its code for SemanticKITTI,
       github.com/PRBonn/lidar-bonnetal.
    """
    if eps < 0:
        raise WeightError(f"eps must be at least 0, got {eps}")
    return [1 / (n / f.total + eps) for n in f.numbers]


def log_inverse(f: Frequencies, mu: float = 0.15, floor: float = 1.0) -> list[float]:
    """
    Logarithm of the inverse share, w_c = max(floor, ln(mu N / n_c)).

    Parameters
    ----------
    mu : float
        Above 0.
    floor : float
        Least weight.

    References
    ----------
    .. [1] The function ``create_class_weight`` that Keras users pass on.
    """
    if mu <= 0:
        raise WeightError(f"mu must be above 0, got {mu}")
    return [max(floor, math.log(mu * (f.total / n))) for n in f.numbers]


def inverse_log_count(f: Frequencies, offset: float = 0.0) -> list[float]:
    """
    Inverse logarithm of the pixels, w_c = 1 / ln(n_c + offset).

    References
    ----------
    .. [1] The Cityscapes weights of OCNet (arXiv 1809.00916) and HRNet (arXiv 1908.07919).
    """
    for name, n in zip(f.names, f.numbers, strict=True):
        if n + offset <= 1:
            raise WeightError(
                f"class {name} has {number_of(n, f.unit[:-1])}, and the logarithm of {n + offset:g} is not above 0"
            ).with_hint("-p offset=1")
    return [1 / math.log(n + offset) for n in f.numbers]


def pos_weight(f: Frequencies) -> list[float]:
    """
    Negatives over positives, w_c = (N - n_c) / n_c.

    References
    ----------
    .. [1] PyTorch, ``BCEWithLogitsLoss(pos_weight=)``: for masks of classes that overlap.
    """
    return [(f.total - n) / n for n in f.numbers]


def uniform(f: Frequencies) -> list[float]:
    """All weights 1: the baseline to compare with."""
    return [1.0 for _ in f.numbers]


METHODS: dict[str, Method] = {
    "median-frequency": median_frequency,
    "inverse-frequency": inverse_frequency,
    "balanced": balanced,
    "enet": enet,
    "effective-number": effective_number,
    "power": power,
    "smoothed-inverse": smoothed_inverse,
    "log-inverse": log_inverse,
    "inverse-log-count": inverse_log_count,
    "pos-weight": pos_weight,
    "uniform": uniform,
}
