"""livekit's agents: they ask for events with MP3 in them, and decode it by themselves."""

import asyncio

from call import read_call
from livekit.plugins import openai


async def main() -> None:
    call = read_call()
    voice = openai.TTS(base_url=call.base_url, api_key=call.api_key)
    frame = await voice.synthesize(call.text).collect()
    call.keep(frame.to_wav_bytes())
    await voice.aclose()


asyncio.run(main())
