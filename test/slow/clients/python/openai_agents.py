"""OpenAI's SDK for agents: the voice at the end of its pipeline."""

import asyncio

from agents.voice import OpenAIVoiceModelProvider, TTSModelSettings
from call import read_call


async def main() -> None:
    call = read_call()
    model = OpenAIVoiceModelProvider(api_key=call.api_key, base_url=call.base_url).get_tts_model(None)
    call.keep(b"".join([part async for part in model.run(call.text, TTSModelSettings())]))


asyncio.run(main())
