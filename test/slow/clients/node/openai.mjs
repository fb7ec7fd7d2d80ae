// OpenAI's own library, as its documentation calls it.
import { writeFileSync } from 'node:fs';
import OpenAI from 'openai';
import { readCall } from './call.mjs';

const { base_url: baseURL, api_key: apiKey, text: input, file } = await readCall();
const client = new OpenAI({ baseURL, apiKey });
const speech = await client.audio.speech.create({ model: 'gpt-4o-mini-tts', voice: 'coral', input });
writeFileSync(file, Buffer.from(await speech.arrayBuffer()));
