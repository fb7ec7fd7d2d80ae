import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { holdsSecret, spelledKey } from '../contract/spelled-keys';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { call, raw } from './support/http';
import { deny } from './support/lambda-endpoint';

const { startGate } = gateWorld(() => deny(401));
let gate: GateContainers;

beforeAll(async () => {
  gate = await startGate({
    keyPrefix: 'acme',
    queryKey: true,
    limits: { requestsPerMinute: 100_000, synthesisPerMinute: 100_000, missesPerMinute: 100_000 },
  });
});

/** Every place of a request in which somebody may have pasted a key, also such as nginx itself refuses. */
const PLACES: readonly ((key: string) => string)[] = [
  (key) => `GET /${key} HTTP/1.1\r\nHost: a\r\n`,
  (key) => `GET /static/${key}/x.js HTTP/1.1\r\nHost: a\r\n`,
  (key) => `GET /a//${key} HTTP/1.1\r\nHost: a\r\n`,
  (key) => `GET /x?api_key=${key}&${key} HTTP/1.1\r\nHost: a\r\n`,
  (key) => `GET http://${key}/${key} HTTP/1.1\r\nHost: a\r\n`,
  (key) => `GET /${key} HTTP/1.1\r\n`,
  (key) => `GET /${key} HTTP/9.9\r\nHost: a\r\n`,
  (key) => `GET /${key}\r\n`,
  (key) => `${key} / HTTP/1.1\r\nHost: a\r\n`,
  (key) => `GET ${key} HTTP/1.1\r\nHost: a\r\n`,
  (key) => `POST /tts HTTP/1.1\r\nHost: a\r\nContent-Length: ${key}\r\n`,
  (key) => `POST /${key} HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n`,
  (key) => `GET /x HTTP/1.1\r\nHost: ${key}\r\n`,
  (key) => `GET /x HTTP/1.1\r\nHost: a\r\n${key}: x\r\n${key}\r\n`,
  (key) => `GET /x HTTP/1.1\r\nHost: a\r\nX-API-Key: ${key}\r\n`,
  (key) => `GET /x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\nUser-Agent: ${key}\r\n`,
  (key) => `GET /x HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${key}\r\nX-Amzn-Trace-Id: ${key}\r\n`,
  (key) => `GET /x HTTP/1.1\r\nHost: a\r\nX-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678;Self=${key}\r\n`,
];

describe('a key that somebody pasted', () => {
  it('stands in nothing that the gate writes, wherever it was and however it was spelled', async () => {
    const secrets: string[] = [];
    await fc.assert(
      fc.asyncProperty(spelledKey(fc.constantFrom('vg', 'acme')), async ({ text, secret }) => {
        secrets.push(secret);
        await Promise.all(
          PLACES.map((place) =>
            raw(gate.url, `${place(text)}Connection: close\r\n\r\n`, (answer) => answer.includes('\r\n')),
          ),
        );
      }),
      { numRuns: 40 },
    );
    // The log is written in parts: what comes after the last of those requests is written after them.
    await call(gate.url, '/the-last-one');
    await gate.line(({ path }) => path === '/the-last-one');
    expect(gate.lines().length).toBeGreaterThan(secrets.length * (PLACES.length - 3));
    const written = `${gate.stdout}${gate.stderr}`.toLowerCase();
    expect(secrets.filter((secret) => holdsSecret(written, secret))).toEqual([]);
  });
});
