import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '../../..');

/** The bundled image's service alone, as its container runs it: no gate in front, so no key is asked for. */
export class SpeechService {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(): Promise<SpeechService> {
    const python = join(root, '.voicegate/venv/bin/python');
    const command = ['-m', 'gunicorn', '--config', 'gunicorn.conf.py', 'voicegate_tts.app:create_app()'];
    const child = spawn(python, command, {
      cwd: join(root, 'image'),
      env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', TTS_ENGINE: 'espeak-ng' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const url = await new Promise<string>((resolve, reject) => {
      let said = '';
      const read = (chunk: Buffer) => {
        said += chunk.toString();
        const port = /Listening at: http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
        if (port !== undefined) resolve(`http://127.0.0.1:${port}/`);
      };
      child.stdout?.on('data', read);
      child.stderr?.on('data', read);
      child.once('exit', (code) => reject(new Error(`ended with exit code ${code}:\n${said}`)));
    });
    return new SpeechService(child, url);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
  }
}
