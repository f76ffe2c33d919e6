#!/usr/bin/env python3
"""Trains the language detector and writes the sample's model and data sets: see README.md for the recipe."""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

import corpus
from dataset import Snippets, encode, excerpts, split_by_document
from export import export_model, save_examples
from languages import CODES
from model import LanguageModel

SEED = 20240517
BATCH = 64
PEAK_RATE = 1.5e-3
WARM_UP = 0.05
VALIDATION_PER_LANGUAGE = 130
CALIBRATION_PER_LANGUAGE = 20
HERE = Path(__file__).resolve().parent


def main() -> None:
    options = _parse_options()
    torch.manual_seed(SEED)
    torch.set_num_threads(options.threads)

    root = corpus.download(options.texts)
    manuals = corpus.read_manuals(root)
    split = split_by_document(manuals, corpus.read_dialogues(root))
    validation = excerpts(split.validation, VALIDATION_PER_LANGUAGE, SEED)
    calibration, _ = excerpts(split.calibration, CALIBRATION_PER_LANGUAGE, SEED)
    save_examples(options.output / "data/validation.npz", *validation)
    save_examples(options.output / "data/calibration.npz", calibration)

    model = LanguageModel(len(CODES))
    train(model, Snippets(split.train, {s.document for s in manuals}, SEED), options.steps)
    export_model(model, options.output / "Models/langid.onnx")

    texts, labels = validation
    report("validation", model, texts, labels)
    report("validation, first 30 characters", model, [text[:30] for text in texts], labels)
    report("everyday", model, *_everyday(), list_errors=True)


def train(model: nn.Module, snippets: Snippets, steps: int) -> None:
    """Minimizes cross entropy with AdamW; the rate warms up linearly and decays to zero along a cosine."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step / steps))
    model.train()
    started, losses = time.time(), []
    for step in range(1, steps + 1):
        ids, labels = map(torch.from_numpy, snippets.batch(BATCH))
        loss = nn.functional.cross_entropy(model(ids), labels)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if step % 50 == 0:
            print(f"step {step}/{steps}: loss {np.mean(losses[-50:]):.4f}, {time.time() - started:.0f} s", flush=True)


def report(name: str, model: nn.Module, texts: list[str], labels: np.ndarray, list_errors: bool = False) -> None:
    """Prints the accuracy, overall and per language."""
    predicted = predict(model, texts)
    right = predicted == labels
    print(f"{name}: {right.sum()} of {len(labels)} right = {right.mean():.2%}")
    print("  " + " ".join(f"{code} {right[labels == label].mean():.1%}" for label, code in enumerate(CODES)))
    for index in np.flatnonzero(~right) if list_errors else []:
        print(f"  {CODES[labels[index]]} taken for {CODES[predicted[index]]}: {texts[index]}")


@torch.no_grad()
def predict(model: nn.Module, texts: list[str]) -> np.ndarray:
    """The most likely label of each text [len(texts)]."""
    model.eval()
    batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    return np.concatenate([model(torch.from_numpy(encode(batch))).argmax(-1).numpy() for batch in batches])


def _rate(progress: float) -> float:
    return min(progress / WARM_UP, 0.5 * (1 + math.cos(math.pi * progress)))


def _everyday() -> tuple[list[str], np.ndarray]:
    lines = (HERE / "everyday.tsv").read_text(encoding="utf-8").splitlines()
    codes, texts = zip(*(line.split("\t") for line in lines))
    return list(texts), np.array([CODES.index(code) for code in codes])


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=Path, default=HERE / "obj/texts", help="where the text packages are unpacked")
    parser.add_argument("--output", type=Path, default=HERE.parent, help="the folder that gets Models/ and data/")
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
