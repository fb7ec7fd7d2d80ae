import { join } from 'node:path';
import { pythonPeers } from '../peers';
import { freePorts, startServer } from '../processes';
import type { Stack } from '../stack';

/** The check inside the app. */
export const flaskStack: Stack = {
  name: 'Flask decorator + Flask-Limiter, gunicorn',
  setup: 'the decorated app itself answers: 2 processes of 16 threads, keys and counters in memory, no request log',
  isApp: true,
  start: async (world) => {
    const { bin } = await pythonPeers();
    const [port = 0] = await freePorts(1);
    const started = await startServer({
      command: join(bin, 'python'),
      args: [
        ...['-m', 'gunicorn', '--bind', `127.0.0.1:${port}`, '--worker-class', 'gthread', '--workers', '2'],
        ...['--threads', '16', '--keep-alive', '600', '--log-level', 'error', 'flask_app:app'],
      ],
      cwd: join(import.meta.dirname, '../programs'),
      env: { PATH: process.env.PATH, BENCH_KEY: world.key, PYTHONDONTWRITEBYTECODE: '1' },
      ports: [port],
    });
    return { ...started, url: `http://127.0.0.1:${port}` };
  },
};
