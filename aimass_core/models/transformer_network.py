"""FT-Transformer: every column a token, attention between them, one token that gathers the answer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from aimass_core.models.network_parts import LabelVectors, TabularNetwork

ROWS = 1_024
"""Rows scored at once: attention between all pairs of tokens of 1,024 rows stays below 100 MB."""


@dataclass(frozen=True, slots=True)
class Times:
    """Where each token stands in time.

    Attributes
    ----------
    series : series of each token, 0 for tokens of none; numbers first, then labels.
    steps : time step of each token, 0 for tokens of no series, else from 1.
    """

    series: tuple[int, ...]
    steps: tuple[int, ...]


class Tokens(nn.Module):
    """A vector for every column of a row.

    A number is spread over its quantile segments and each segment adds its share of a learnt vector
    (piecewise-linear embedding: Gorishniy et al., NeurIPS 2022); a missing number and each label have
    learnt vectors. Columns of a series add a vector of the series and one of the time step, which
    the same step of another series shares.

    Shapes
    ------
    numbers (n, len(segments)) float, NaN = missing; labels (n, len(cardinalities)) int64 → vectors
    (n, tokens, width).
    """

    segment: Tensor
    series_of: Tensor
    step_of: Tensor

    def __init__(
        self, segments: tuple[int, ...], cardinalities: tuple[int, ...], *, width: int, times: Times
    ) -> None:
        super().__init__()
        most = max(segments, default=0)
        count = len(segments) + len(cardinalities)
        # Rebuilt from the settings on load, so they need no place among the saved weights.
        self.register_buffer("segment", torch.arange(most, dtype=torch.float32), persistent=False)
        self.register_buffer("series_of", torch.tensor(times.series, dtype=torch.int64), persistent=False)
        self.register_buffer("step_of", torch.tensor(times.steps, dtype=torch.int64), persistent=False)
        self.weight = nn.Parameter(torch.empty(len(segments), most, width))
        self.missing = nn.Parameter(torch.empty(len(segments), width))
        self.labels = LabelVectors(cardinalities, width, shrink=False)
        self.bias = nn.Parameter(torch.empty(count, width))
        self.timed = any(times.series)
        if self.timed:
            self.series = nn.Parameter(torch.empty(max(times.series) + 1, width))
            self.step = nn.Parameter(torch.empty(max(times.steps) + 1, width))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start from vectors of about unit length, whatever the number of segments."""
        width = self.bias.shape[1]
        nn.init.normal_(self.weight, std=(width * max(1, len(self.segment))) ** -0.5)
        for vectors in (self.missing, self.bias, *(table.weight for table in self.labels)):
            nn.init.normal_(vectors, std=width**-0.5)  # type: ignore[arg-type]
        if self.timed:
            for vectors in (self.series, self.step):
                nn.init.normal_(vectors, std=width**-0.5)

    def forward(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the tokens."""
        parts = []
        if len(self.weight):
            missing = torch.isnan(numbers)
            filled = torch.where(missing, torch.zeros_like(numbers), numbers)
            spread = (filled.T[:, :, None] - self.segment).clamp(0.0, 1.0)
            found = torch.bmm(spread, self.weight).transpose(0, 1)
            parts.append(torch.where(missing[:, :, None], self.missing.to(found.dtype), found))
        if len(self.labels):
            parts.append(torch.stack(self.labels.vectors(labels), dim=1))
        bias: Tensor = self.bias
        if self.timed:
            # Row 0 stands for "no series" and is not added to anything.
            told = (self.series_of > 0).to(bias.dtype)[:, None]
            bias = bias + told * (self.series[self.series_of] + self.step[self.step_of])
        return torch.cat(parts, dim=1) + bias


class Block(nn.Module):
    """Attention and a gated feed-forward part, each normed before and added after; (n, t, d) to (n, q, d).

    Parameters
    ----------
    first : leave out the norm before attention, as the paper does in its first block.
    """

    def __init__(
        self, width: int, heads: int, *, hidden: int, dropout: float, attention_dropout: float, first: bool
    ) -> None:
        super().__init__()
        self.heads = heads
        self.attention_dropout = attention_dropout
        self.attention_norm = nn.Identity() if first else nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.mix = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 2 * hidden)
        self.narrow = nn.Linear(hidden, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, *, queries: int) -> Tensor:
        """Return the new vectors of the first `queries` tokens; all tokens are attended to."""
        normed = self.attention_norm(x)
        key, value = self.key_value(normed).chunk(2, dim=-1)
        x = x[:, :queries] + self.mix(self._attend(self.query(normed[:, :queries]), key, value))
        gate, content = self.widen(self.norm(x)).chunk(2, dim=-1)
        return x + self.narrow(self.dropout(torch.relu(gate) * content))  # type: ignore[no-any-return]

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        query, key, value = (
            part.view(*part.shape[:2], self.heads, -1).transpose(1, 2) for part in (query, key, value)
        )
        found = functional.scaled_dot_product_attention(
            query, key, value, dropout_p=self.attention_dropout if self.training else 0.0
        )
        return found.transpose(1, 2).flatten(2)


class TransformerNetwork(TabularNetwork):
    """FT-Transformer (Gorishniy et al., NeurIPS 2021) with piecewise-linear tokens and time steps.

    Parameters
    ----------
    segments : number of segments of each number column.
    cardinalities : number of indices of each label column.
    width : size of a token; a multiple of `heads`.
    depth : number of blocks.
    times : series and time step of each token.
    """

    def __init__(
        self,
        segments: tuple[int, ...],
        cardinalities: tuple[int, ...],
        *,
        width: int,
        depth: int,
        heads: int,
        dropout: float,
        attention_dropout: float,
        times: Times,
    ) -> None:
        super().__init__()
        self.tokens = Tokens(segments, cardinalities, width=width, times=times)
        self.gatherer = nn.Parameter(torch.empty(width))
        self.blocks = nn.ModuleList(
            Block(
                width,
                heads,
                hidden=max(1, 4 * width // 3),
                dropout=dropout,
                attention_dropout=attention_dropout,
                first=k == 0,
            )
            for k in range(depth)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 1)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start with a head that says nothing."""
        nn.init.normal_(self.gatherer, std=len(self.gatherer) ** -0.5)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Return the logits of the positive class, shape (n,)."""
        if self.training or len(numbers) <= ROWS:
            return self._logits(numbers, labels)
        parts = zip(torch.split(numbers, ROWS), torch.split(labels, ROWS), strict=True)
        return torch.cat([self._logits(*part) for part in parts])

    def _logits(self, numbers: Tensor, labels: Tensor) -> Tensor:
        return self.after_tokens(self.tokens(numbers, labels))

    def after_tokens(self, tokens: Tensor) -> Tensor:
        """Return the logits (n,) from the vectors of the columns, shape (n, tokens, width)."""
        x = torch.cat([self.gatherer.to(tokens.dtype).expand(len(tokens), 1, -1), tokens], dim=1)
        for block in self.blocks[:-1]:
            x = block(x, queries=x.shape[1])
        # Of the last block only the gathering token is read.
        x = self.blocks[-1](x, queries=1)
        return self.head(torch.relu(self.norm(x[:, 0]))).squeeze(1)  # type: ignore[no-any-return]

    @torch.no_grad()
    def start_at(self, log_odds: float) -> None:
        """Set the bias of the head."""
        self.head.bias.fill_(log_odds)
