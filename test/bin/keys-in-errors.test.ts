import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { run } from '../../bin/program';
import type { Terminal } from '../../bin/terminal';
import { holdsSecret, spelledKey } from '../contract/spelled-keys';

/** Mistyped commands in which somebody gave a key for something else. None of them reaches AWS. */
const COMMANDS: readonly ((key: string) => readonly string[])[] = [
  (key) => [key],
  (key) => ['keys', key],
  (key) => ['keys', 'show', key],
  (key) => ['keys', 'revoke', key, '--yes'],
  (key) => ['keys', 'show', `--${key}`],
  (key) => ['keys', 'create', '--owner', 'a', '--expires', key],
  (key) => ['keys', 'create', '--owner', 'a', '--scope', `${key} `, '--rate', key],
  (key) => ['keys', 'create', '--owner', 'a', '--cidr', key],
  (key) => ['keys', 'create', '--owner', 'a', '--quota', key],
  (key) => ['keys', 'create', '--owner', 'a', '--path', key],
  (key) => ['keys', 'import', key],
  (key) => ['keys', 'export', '--format', key],
  (key) => ['usage', '--days', key],
  (key) => ['usage', '--key', key],
];

describe('a key that was given by mistake', () => {
  it('stands in no error of the command line, however it is spelled', async () => {
    await fc.assert(
      fc.asyncProperty(spelledKey(), fc.constantFrom(...COMMANDS), async ({ text, secret }, command) => {
        let written = '';
        const terminal: Terminal = {
          out: (part) => {
            written += part;
          },
          stream: () => process.stdout,
          tell: (part) => {
            written += part;
          },
          interactive: false,
          ask: () => Promise.reject(new Error('nobody is there')),
          env: { AWS_EC2_METADATA_DISABLED: 'true', AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: 'http://127.0.0.1:9' },
          clock: () => 1_795_000_000,
        };
        expect(await run(command(text), terminal)).not.toBe(0);
        expect(written).not.toBe('');
        expect(holdsSecret(written, secret)).toBe(false);
      }),
      { numRuns: 150 },
    );
  });
});
