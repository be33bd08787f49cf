"""Losses of networks on logits of the positive class."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def class_loss(logits: Tensor, target: Tensor, weight: Tensor, *, focal: float = 0.0) -> Tensor:
    """Return the weighted mean log loss of a batch, in float32 or better.

    With members each one's loss is counted alone and the mean taken over all of them, so that members
    are trained side by side and not as one network (TabM: Gorishniy et al., ICLR 2025).

    Parameters
    ----------
    logits : (n,), or (n, members).
    target, weight : (n,); the sum is divided by n, so weights should have mean 1 over all rows.
    focal : exponent of (1 - p of the true class), which plays down rows already right (Lin et al.,
        ICCV 2017); 0 is the log loss.
    """
    logits = logits.float() if logits.dtype in (torch.bfloat16, torch.float16) else logits
    if logits.ndim == 2:
        target = target[:, None].expand_as(logits)
        weight = weight[:, None].expand_as(logits)
    if focal:
        # 1 - p of the true class is the logistic function of minus the margin.
        margin = torch.where(target > 0.5, logits, -logits)
        weight = weight * torch.sigmoid(-margin).pow(focal)
        return (weight * functional.binary_cross_entropy_with_logits(logits, target, reduction="none")).mean()
    return functional.binary_cross_entropy_with_logits(logits, target, weight=weight)


def log_odds_of_members(logits: Tensor) -> Tensor:
    """Return the log-odds of the mean probability, shape (n,), from logits (n,) or (n, members).

    Computed by sums of exponentials of log probabilities, so that it stays exact far from even odds.
    """
    if logits.ndim == 1:
        return logits
    positive = torch.logsumexp(functional.logsigmoid(logits), dim=1)
    negative = torch.logsumexp(functional.logsigmoid(-logits), dim=1)
    return positive - negative
