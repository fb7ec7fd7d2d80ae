"""The neural engine: Kokoro-82M by ONNX Runtime, Mandarin and English in one text."""
