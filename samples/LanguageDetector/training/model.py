"""A byte-level Transformer encoder that names the language of a text."""

import torch
from torch import Tensor, nn
from torch.nn import functional

BYTES = 257  # 0 is padding, byte b is b + 1
STRIDE = 4
WINDOW = 3 * STRIDE  # four bytes and their neighbours on both sides


class LanguageModel(nn.Module):
    """input_ids int64 [batch, length] -> logits float [batch, languages].

    The embedding is small and widened by a matrix product over a window of twelve bytes at every fourth byte: n-grams
    come for free, attention sees a quarter of the positions, and nearly all weights sit in matrix products. The windows
    carry the local order; nothing else in a language's signature depends on position, so there is no position embedding.
    """

    def __init__(self, languages: int, embedding: int = 32, width: int = 192, heads: int = 6, layers: int = 3):
        super().__init__()
        self.embedding = nn.Embedding(BYTES, embedding, padding_idx=0)
        self.windows = nn.Linear(WINDOW * embedding, width)
        self.layers = nn.ModuleList(EncoderLayer(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, languages)

    def forward(self, input_ids: Tensor) -> Tensor:
        present = (input_ids[:, ::STRIDE] != 0).to(torch.float32)
        bias = (1 - present)[:, None, None, :] * -1e4
        hidden = self.windows(self._windows(input_ids))
        for layer in self.layers:
            hidden = layer(hidden, bias)
        return self.head(_masked_mean(self.norm(hidden), present))

    def _windows(self, input_ids: Tensor) -> Tensor:
        """[batch, length] -> [batch, ceil(length / STRIDE), WINDOW * embedding]."""
        padding = (STRIDE, WINDOW - 1 - STRIDE)
        embedded = self.embedding(functional.pad(input_ids, padding))
        shifted = [embedded[:, offset : offset - sum(padding) : STRIDE] for offset in range(sum(padding))]
        return torch.cat([*shifted, embedded[:, sum(padding) :: STRIDE]], dim=-1)


class EncoderLayer(nn.Module):
    """Pre-norm self-attention and feed-forward block (Vaswani et al. 2017; Xiong et al. 2020)."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads, self.head_width = heads, width // heads
        self.attention_norm = nn.LayerNorm(width)
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        self.feed_norm = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(0.1)

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        hidden = hidden + self.dropout(self._attend(self.attention_norm(hidden), bias))
        return hidden + self.dropout(self.feed(self.feed_norm(hidden)))

    def _attend(self, hidden: Tensor, bias: Tensor) -> Tensor:
        query, key, value = (self._split(project(hidden)) for project in (self.query, self.key, self.value))
        scores = query @ key.transpose(-1, -2) / self.head_width**0.5 + bias
        mixed = scores.softmax(-1) @ value
        return self.output(mixed.transpose(1, 2).flatten(2))

    def _split(self, hidden: Tensor) -> Tensor:
        """[batch, length, width] -> [batch, heads, length, head width]."""
        batch, length, _ = hidden.shape
        return hidden.reshape(batch, length, self.heads, self.head_width).transpose(1, 2)


def _masked_mean(hidden: Tensor, present: Tensor) -> Tensor:
    weights = present[:, :, None]
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)
