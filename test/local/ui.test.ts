import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RequestLine } from '../../local/contracts.js';
import { runCommand } from '../../local/launch/command.mjs';
import { curlLine } from '../../local/ui/ready-text.js';
import { RequestLog } from '../../local/ui/request-log.js';
import { holdsSecret, spelledKey } from '../contract/spelled-keys';

const TRACE = 'Root=1-67891233-abcdef012345678912345678';
const line: RequestLine = {
  time: new Date(2026, 0, 2, 3, 4, 5),
  client: '127.0.0.1',
  method: 'POST',
  path: '/tts',
  status: 200,
  why: 'target',
  traceId: `Self=1-x;${TRACE}`,
  milliseconds: 211.6,
};
const gate = (fields: object): string =>
  JSON.stringify({ traceId: TRACE, keyId: 'AbCdEf012345', decision: 'allow', reason: 'allowed', ...fields });

describe('the line of a request', () => {
  let lines: string[] = [];
  let log: RequestLog;

  beforeEach(() => {
    vi.useFakeTimers();
    lines = [];
    log = new RequestLog({ log: (text) => lines.push(text), paint: (_, text) => text });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('has the key id that the gate logs, whichever comes first', () => {
    log.request(line);
    expect(lines).toEqual([]);
    log.containerLine(gate({}));
    log.containerLine(gate({ traceId: 'Root=1-other' }));
    log.request({ ...line, traceId: 'Root=1-other', milliseconds: 1.25 });
    expect(lines).toEqual([
      '03:04:05 127.0.0.1 POST /tts 200 target key AbCdEf012345 212 ms',
      '03:04:05 127.0.0.1 POST /tts 200 target key AbCdEf012345 1.3 ms',
    ]);
  });

  it('tells why the gate refused', () => {
    log.containerLine(gate({ decision: 'deny', reason: 'missing', keyId: '' }));
    log.request({ ...line, status: 401 });
    expect(lines).toEqual(['03:04:05 127.0.0.1 POST /tts 401 gate:missing - 212 ms']);
  });

  it('does not wait for ever for a gate that logs nothing, nor at all where no target was asked', () => {
    log.request(line);
    const { traceId: _, ...redirected } = line;
    log.request({ ...redirected, status: 301, why: 'redirect' });
    expect(lines).toEqual(['03:04:05 127.0.0.1 POST /tts 301 redirect - 212 ms']);
    vi.advanceTimersByTime(1000);
    expect(lines[1]).toBe('03:04:05 127.0.0.1 POST /tts 200 target - 212 ms');
  });

  it('takes no other line of a container for the gate’s', () => {
    for (const text of ['', 'plain', '{broken', '[]', 'null', '{"traceId":1,"keyId":"x"}', '{"message":"x"}'])
      log.containerLine(text);
    log.request(line);
    vi.advanceTimersByTime(1000);
    expect(lines).toHaveLength(1);
  });

  it('holds no key that somebody pasted, however it is spelled', () => {
    fc.assert(
      fc.property(spelledKey(), ({ text, secret }) => {
        lines.length = 0;
        for (const path of [`/${text}`, `/${'x'.repeat(170)}/${text}`]) log.request({ ...line, method: text, path });
        log.containerLine(gate({ decision: 'deny', reason: text, keyId: text }));
        vi.advanceTimersByTime(1000);
        expect(lines).toHaveLength(2);
        expect(holdsSecret(lines.join('\n'), secret)).toBe(false);
      }),
    );
  });

  it('does not let a client write to the terminal', () => {
    const { traceId: _, ...answered } = line;
    log.request({ ...answered, method: 'GET', path: '/\u001b[31mred\r\n\u009b2J' });
    expect(lines[0]).toContain('/?[31mred???2J');
  });
});

describe('the curl line', () => {
  it('reaches curl as it is meant, from a folder with any name', async () => {
    const printed = curlLine({ https: 'https://localhost:8443', ca: "/tmp/it's $HOME/ca.pem", key: 'vg_id_secret' });
    const { stdout } = await runCommand('sh', ['-c', printed.replace(/^curl/, "printf '%s\\n'")]);
    expect(stdout.trim().split('\n')).toEqual([
      '--cacert',
      "/tmp/it's $HOME/ca.pem",
      '-H',
      'X-API-Key: vg_id_secret',
      '-H',
      'Content-Type: application/json',
      '-d',
      '{"text": "Hello, 你好世界"}',
      '-o',
      'hello.wav',
      'https://localhost:8443/tts',
    ]);
  });
});
