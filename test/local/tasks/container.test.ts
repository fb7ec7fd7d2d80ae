import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Container } from '../../../local/tasks/container.js';

describe('the health check of a container', () => {
  let folder: string;
  let container: Container;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'voicegate-container-'));
  });
  afterEach(async () => {
    container.kill();
    await container.exited;
    rmSync(folder, { recursive: true, force: true });
  });

  function start(script: string, command: string[], startPeriod: number): void {
    container = new Container({
      definition: { name: 'app', healthCheck: { command, interval: 0.1, timeout: 2, retries: 2, startPeriod } },
      stopSignal: 'SIGTERM',
      python: 'python3',
      onLine: () => undefined,
    });
    const env = { PATH: '/usr/bin:/bin', READY: '/data/ready' };
    const namespace = { address: '127.64.0.1', paths: [{ containerPath: '/data', folder }] };
    container.start(
      { command: ['/bin/sh', '-c', script], env: { ...env, READY: `${folder}/ready` }, cwd: folder },
      namespace,
    );
  }

  it('makes it healthy once it passes within the start period, and unhealthy when it fails again', async () => {
    start('sleep 0.5; touch ready; sleep 1; rm ready; sleep 60', ['CMD', 'test', '-f', '/data/ready'], 20);
    await container.healthy;
    expect(container.health).toBe('HEALTHY');
    await container.unhealthy;
    expect(container.health).toBe('UNHEALTHY');
  });

  it('makes it unhealthy when it never passes', async () => {
    start('sleep 60', ['CMD-SHELL', 'test -f $READY || exit 1'], 0);
    await container.unhealthy;
    expect(container.health).toBe('UNHEALTHY');
  });
});
