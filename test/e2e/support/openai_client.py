"""Calls of OpenAI's client, one JSON line each on standard input, so that no key is a process argument; a line for each end."""

import functools
import json
import ssl
import sys

import httpx2
import openai


@functools.cache
def trusting(ca: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca)


def speak(call: dict) -> dict:
    client = openai.OpenAI(
        base_url=call["baseUrl"],
        api_key=call["apiKey"],
        max_retries=call["maxRetries"],
        timeout=30,
        http_client=openai.DefaultHttpxClient(
            transport=httpx2.HTTPTransport(verify=trusting(call["ca"]), local_address=call["from"])
        ),
    )
    with client:
        try:
            spoken = client.audio.speech.create(model="tts-1", voice="alloy", input=call["input"])
            return {
                "error": None,
                "message": None,
                "status": 200,
                "body": spoken.read().decode(),
                "rateLimit": spoken.response.headers.get("ratelimit"),
            }
        except openai.APIStatusError as error:
            return {
                "error": type(error).__name__,
                "message": str(error),
                "status": error.status_code,
                "body": error.response.text,
                "rateLimit": error.response.headers.get("ratelimit"),
            }


for line in sys.stdin:
    print(json.dumps(speak(json.loads(line))), flush=True)
