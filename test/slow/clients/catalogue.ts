/** A client that is installed, told an address and a key, and asked to speak. */
export interface Client {
  /** As docs/clients.md calls it. */
  readonly name: string;
  /** The program of `python/` or `node/` that calls it. */
  readonly program: string;
  /** At exact versions; the client itself is the first. */
  readonly packages: readonly string[];
  /** The oldest Python that it runs on, where that is newer than ours. */
  readonly python?: '3.12';
  /** What it is given: a file, or samples as OpenAI's `pcm` has them. */
  readonly sound: 'file' | 'pcm';
}

export const CLIENTS: readonly Client[] = [
  { name: 'openai (npm)', program: 'openai.mjs', packages: ['openai@6.49.0'], sound: 'file' },
  { name: 'openai (PyPI)', program: 'openai_library.py', packages: ['openai==3.57.0'], sound: 'file' },
  { name: "Vercel's AI SDK", program: 'ai-sdk.mjs', packages: ['ai@6.0.325', '@ai-sdk/openai@3.0.141'], sound: 'file' },
  { name: 'LiteLLM', program: 'litellm_speech.py', packages: ['litellm==1.110.2'], sound: 'file' },
  { name: 'livekit agents', program: 'livekit_agents.py', packages: ['livekit-plugins-openai==1.8.9'], sound: 'file' },
  { name: 'pipecat', program: 'pipecat_service.py', packages: ['pipecat-ai[openai]==1.14.0'], sound: 'pcm' },
  { name: "OpenAI's agents", program: 'openai_agents.py', packages: ['openai-agents[voice]==0.24.0'], sound: 'pcm' },
  { name: 'Dify', program: 'dify_provider.py', packages: ['dify-plugin==0.10.2'], python: '3.12', sound: 'file' },
  {
    name: 'wyoming-openai',
    program: 'wyoming_bridge.py',
    packages: ['wyoming-openai==0.8.0'],
    python: '3.12',
    sound: 'file',
  },
];
