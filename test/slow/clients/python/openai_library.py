"""OpenAI's own library, as its documentation calls it."""

from call import read_call
from openai import OpenAI

call = read_call()
client = OpenAI(base_url=call.base_url, api_key=call.api_key)
assert "tts-1" in {model.id for model in client.models.list()}
with client.audio.speech.with_streaming_response.create(
    model="gpt-4o-mini-tts", voice="coral", input=call.text, instructions="Speak in a cheerful and positive tone."
) as response:
    response.stream_to_file(call.file)
