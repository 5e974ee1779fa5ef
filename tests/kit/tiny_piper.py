"""A Piper voice made at test time: every phoneme becomes a short tone, by a network of a dozen nodes."""

from __future__ import annotations

import json
from pathlib import Path

from onnx import TensorProto, checker, helper, save
from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP

RATE = 16_000  # Hz
PHONEME = 480  # samples at the usual rate
_NUMBERS = {"radians": 6.283185307 / RATE, "base": 110.0, "step": 6.0, "loud": 0.3, "samples": float(PHONEME)}


def tiny_piper(folder: Path, name: str = "en_US-tones-x_low", speakers: int = 1, loud: float = 0.3) -> str:
    """Write ``<folder>/<name>/<name>.onnx`` and its config. Speaker 1 is 45 Hz above speaker 0, and so on."""
    place = folder / name / f"{name}.onnx"
    place.parent.mkdir(parents=True)
    model = helper.make_model(_graph(speakers, loud), opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    checker.check_model(model, full_check=True)
    save(model, str(place))
    config = {
        "audio": {"sample_rate": RATE, "quality": "x_low"},
        "espeak": {"voice": name[:2]},
        "phoneme_type": "espeak",
        "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8},
        "phoneme_map": {},
        "phoneme_id_map": DEFAULT_PHONEME_ID_MAP,
        "num_symbols": 256,
        "num_speakers": speakers,
        "speaker_id_map": {f"s{number}": number for number in range(speakers)} if speakers > 1 else {},
        "piper_version": "1.0.0",
        "language": {"code": name[:5], "family": name[:2], "region": name[3:5]},
        "dataset": "tones",
    }
    Path(f"{place}.json").write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")
    return name


def _graph(speakers: int, loud: float) -> object:
    number, whole = TensorProto.FLOAT, TensorProto.INT64
    given = [
        helper.make_tensor_value_info("input", whole, ["b", "n"]),
        helper.make_tensor_value_info("input_lengths", whole, ["b"]),
        helper.make_tensor_value_info("scales", number, [3]),
    ]
    known = [helper.make_tensor(name, number, [], [value]) for name, value in {**_NUMBERS, "loud": loud}.items()]
    known += [
        helper.make_tensor("second", whole, [1], [1]),
        helper.make_tensor("none", whole, [], [0]),
        helper.make_tensor("one", whole, [], [1]),
        helper.make_tensor("shape", whole, [4], [1, 1, 1, -1]),
        helper.make_tensor("column", whole, [2], [-1, 1]),
        helper.make_tensor("first_axis", whole, [1], [0]),
    ]
    steps = [
        (["scales", "second"], "Gather", "length"),
        (["length", "samples"], "Mul", "long"),
        (["long"], "Cast:int", "longs"),
        (["longs", "first_axis"], "Squeeze", "count"),
        (["none", "count", "one"], "Range", "places"),
        (["places"], "Cast:float", "time"),
        (["input"], "Cast:float", "ids"),
        (["ids", "step"], "Mul", "above"),
        (["above", "base"], "Add", "pitch"),
    ]
    if speakers > 1:
        given.append(helper.make_tensor_value_info("sid", whole, ["b"]))
        known.append(helper.make_tensor("apart", number, [], [45.0]))
        steps += [
            (["sid"], "Cast:float", "speaker"),
            (["speaker", "apart"], "Mul", "higher"),
            (["pitch", "higher"], "Add", "voiced"),
        ]
    steps += [
        ([steps[-1][2], "column"], "Reshape", "tones"),
        (["tones", "radians"], "Mul", "turning"),
        (["turning", "time"], "Mul", "phase"),
        (["phase"], "Sin", "wave"),
        (["wave", "loud"], "Mul", "sound"),
        (["sound", "shape"], "Reshape", "output"),
    ]
    kinds = {"int": whole, "float": number}
    nodes = []
    for takes, step, gives in steps:
        operation, _, kind = step.partition(":")
        nodes.append(helper.make_node(operation, takes, [gives], **({"to": kinds[kind]} if kind else {})))
    return helper.make_graph(
        nodes,
        "tiny_piper",
        given,
        [helper.make_tensor_value_info("output", number, ["b", "c", "h", "time"])],
        known,
    )
