"""wyoming-openai, the bridge by which Home Assistant's voice pipeline speaks: the bridge itself, asked by its protocol."""

import asyncio
import io
import os
import socket
import subprocess
import sys
import wave

from call import Call, read_call
from wyoming.audio import AudioChunk, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.tts import Synthesize


async def speak(port: int, text: str) -> bytes:
    chunks: list[AudioChunk] = []
    async with AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(Synthesize(text=text).event())
        while event := await client.read_event():
            if Error.is_type(event.type):
                raise RuntimeError(Error.from_event(event).text)
            if AudioStop.is_type(event.type):
                break
            if AudioChunk.is_type(event.type):
                chunks.append(AudioChunk.from_event(event))
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setparams((1, chunks[0].width, chunks[0].rate, 0, "NONE", "NONE"))
        file.writeframes(b"".join(chunk.audio for chunk in chunks))
    return sound.getvalue()


async def listening(port: int, bridge: subprocess.Popen) -> None:
    while bridge.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise RuntimeError(f"the bridge ended with {bridge.returncode}")


async def main(call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "WYOMING_URI": f"tcp://127.0.0.1:{port}",
        "TTS_OPENAI_URL": call.base_url,
        "TTS_OPENAI_KEY": call.api_key,
        "TTS_MODELS": "tts-1",
    }
    bridge = subprocess.Popen([os.environ.get("CLIENT_PYTHON", sys.executable), "-m", "wyoming_openai"], env={**os.environ, **settings})
    try:
        await listening(port, bridge)
        call.keep(await speak(port, call.text))
    finally:
        bridge.terminate()
        bridge.wait()


asyncio.run(main(read_call()))
