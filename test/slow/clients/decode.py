"""Prints how many seconds a file sounds and how loud it gets, as JSON: `decode.py FILE file|pcm`."""

import json
import sys

import numpy as np
import soundfile

path, kind = sys.argv[1:]
if kind == "pcm":
    samples, rate = np.fromfile(path, "<i2") / 32_768, 24_000
else:
    samples, rate = soundfile.read(path)
print(json.dumps({"seconds": len(samples) / rate, "peak": float(np.abs(samples).max(initial=0))}))
