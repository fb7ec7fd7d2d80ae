// Vercel's AI SDK with its provider for OpenAI.
import { writeFileSync } from 'node:fs';
import { createOpenAI } from '@ai-sdk/openai';
import { experimental_generateSpeech as generateSpeech } from 'ai';
import { readCall } from './call.mjs';

const { base_url: baseURL, api_key: apiKey, text, file } = await readCall();
const { audio } = await generateSpeech({ model: createOpenAI({ baseURL, apiKey }).speech('tts-1'), text });
writeFileSync(file, audio.uint8Array);
