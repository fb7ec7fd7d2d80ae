"""The code by which Dify's provider "OpenAI-API-compatible" speaks, from its kit for plugins."""

from call import read_call
from dify_plugin.interfaces.model.openai_compatible.tts import OAICompatText2SpeechModel

call = read_call()
credentials = {"endpoint_url": call.base_url, "api_key": call.api_key, "voices": "alloy"}
model = OAICompatText2SpeechModel([])
model.validate_credentials("tts-1", credentials)
call.keep(b"".join(model.invoke("tts-1", "tenant", credentials, call.text, "alloy", "user")))
