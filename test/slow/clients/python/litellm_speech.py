"""LiteLLM, which sends on for other programs."""

import litellm
from call import read_call

call = read_call()
litellm.speech(
    model="openai/tts-1", voice="alloy", input=call.text, api_base=call.base_url, api_key=call.api_key
).stream_to_file(call.file)
