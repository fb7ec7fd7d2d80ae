"""pipecat: its service in a pipeline of its own, as bots have it."""

import asyncio

from call import read_call
from pipecat.frames.frames import EndFrame, ErrorFrame, Frame, TTSAudioRawFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.tts import OpenAITTSService


class Listener(FrameProcessor):
    def __init__(self) -> None:
        super().__init__()
        self.sound = b""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            self.sound += frame.audio
        if isinstance(frame, ErrorFrame):
            raise RuntimeError(frame.error)
        await self.push_frame(frame, direction)


async def main() -> None:
    call = read_call()
    listener = Listener()
    service = OpenAITTSService(base_url=call.base_url, api_key=call.api_key)
    parameters = PipelineParams(audio_out_sample_rate=24_000)
    task = PipelineTask(Pipeline([service, listener]), params=parameters)
    await task.queue_frames([TTSSpeakFrame(call.text), EndFrame()])
    await PipelineRunner(handle_sigint=False).run(task)
    call.keep(listener.sound)


asyncio.run(main())
