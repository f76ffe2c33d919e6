"""A byte-level Transformer encoder that names the language of a text."""

from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn import functional

BYTES = 257  # 0 is padding, byte b is b + 1
WINDOW = 7
STRIDE = 4


class LanguageModel(nn.Module):
    """input_ids int64 [batch, length] -> logits float [batch, languages].

    Byte n-grams are detected at every byte and the strongest of four neighbours is kept, so that attention sees a quarter
    of the positions. All weights but a small embedding sit in matrix products. The n-grams carry the local order; nothing
    else in a language's signature depends on position, so there is no position embedding.
    """

    def __init__(self, languages: int, embedding: int = 32, grams: int = 256, width: int = 224, heads: int = 7, layers: int = 2):
        super().__init__()
        self.embedding = nn.Embedding(BYTES, embedding, padding_idx=0)
        self.grams = nn.Linear(WINDOW * embedding, grams)
        self.widen = nn.Linear(grams, width)
        self.layers = nn.ModuleList(EncoderLayer(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, languages)

    def forward(self, input_ids: Tensor) -> Tensor:
        present = (input_ids[:, ::STRIDE] != 0).to(torch.float32)
        bias = (1 - present)[:, None, None, :] * -1e4
        hidden = self.widen(_strongest(functional.gelu(self.grams(self._windows(input_ids)))))
        for layer in self.layers:
            hidden = layer(hidden, bias)
        return self.head(_masked_mean(self.norm(hidden), present))

    def _windows(self, input_ids: Tensor) -> Tensor:
        """[batch, length] -> [batch, length + STRIDE - 1, WINDOW * embedding]: each byte amid its neighbours."""
        embedded = self.embedding(functional.pad(input_ids, (WINDOW // 2, WINDOW // 2 + STRIDE - 1)))
        return torch.cat(_slices(embedded, WINDOW, 1), dim=-1)


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


def _slices(values: Tensor, count: int, step: int) -> list[Tensor]:
    """`count` copies of [batch, length, width], each shifted by one more position, all as long, at every `step`-th."""
    reach = count - 1
    return [values[:, offset : offset - reach : step] for offset in range(reach)] + [values[:, reach::step]]


def _strongest(grams: Tensor) -> Tensor:
    """Keeps each feature's maximum over STRIDE positions: [batch, length + STRIDE - 1, n] -> [batch, ceil(length / STRIDE), n]."""
    return reduce(torch.maximum, _slices(grams, STRIDE, STRIDE))


def _masked_mean(hidden: Tensor, present: Tensor) -> Tensor:
    weights = present[:, :, None]
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)
