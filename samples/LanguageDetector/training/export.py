"""Writes the trained model as ONNX and the labelled data sets as .npz."""

from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

from dataset import MAX_BYTES, encode
from languages import CODES

OPSET = 17
METADATA = {
    "languages": ",".join(CODES),
    "max_bytes": str(MAX_BYTES),
    "description": "Names the language of a text. input_ids: UTF-8 bytes + 1, 0 is padding. logits: one per language.",
    "license": "MIT",
}


def export_model(model: nn.Module, path: Path) -> None:
    """input_ids int64 [batch, length] -> logits float32 [batch, languages], both axes of the input free."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        model.eval(),
        torch.from_numpy(encode(["Wo ist der Bahnhof?", "Where is the station?"])),
        str(path),
        opset_version=OPSET,
        input_names=["input_ids"],
        output_names=["logits"],
        dynamic_axes={"input_ids": {0: "batch", 1: "length"}, "logits": {0: "batch"}},
    )
    proto = onnx.load(str(path))
    onnx.helper.set_model_props(proto, METADATA)
    onnx.checker.check_model(proto)
    onnx.save(proto, str(path))


def save_examples(path: Path, texts: list[str], labels: np.ndarray | None = None) -> None:
    """One array per model input, and `labels` int64 [n] when they are known."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {"input_ids": encode(texts)}
    if labels is not None:
        arrays["labels"] = labels
    np.savez_compressed(path, **arrays)
