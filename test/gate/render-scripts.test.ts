import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderFilter, renderLambda } from '../../gate/render-scripts';
import { vectors } from '../contract/mask-vectors.json';

describe('where Lambda is', () => {
  const run = (
    env: Readonly<Record<string, string>>,
    conf = 'proxy_ssl_trusted_certificate x;\n  resolver 10.0.0.2;\n',
  ) => {
    const cwd = mkdtempSync(join(tmpdir(), 'voicegate-lambda-'));
    writeFileSync(join(cwd, 'nginx.conf'), conf);
    return spawnSync('sh', ['-c', renderLambda()], {
      cwd,
      env: { PATH: process.env.PATH, VOICEGATE_AUTHORIZER: 'auth', AWS_REGION: 'eu-west-1', ...env },
      encoding: 'utf8',
    });
  };

  it.each([
    [{}, 'lambda.eu-west-1.amazonaws.com:443 max_fails=0 resolve', 'https://lambda.eu-west-1.amazonaws.com'],
    [
      { VOICEGATE_AUTHORIZER: 'arn:aws-cn:lambda:cn-north-1:123456789012:function:auth:live' },
      'lambda.cn-north-1.amazonaws.com.cn:443 max_fails=0 resolve',
      'https://lambda.cn-north-1.amazonaws.com.cn',
    ],
    [{ AWS_ENDPOINT_URL: 'http://localhost:4566' }, '127.0.0.1:4566 max_fails=0', 'http://127.0.0.1:4566'],
    [{ AWS_ENDPOINT_URL: 'http://localhost/base' }, '127.0.0.1:80 max_fails=0', 'http://127.0.0.1/base'],
    [
      { AWS_ENDPOINT_URL: 'http://localhost.test:1/a:b/[c]' },
      'localhost.test:1 max_fails=0 resolve',
      'http://localhost.test:1/a:b/[c]',
    ],
    [{ AWS_ENDPOINT_URL: 'https://[fd00::1]:8443/x' }, '[fd00::1]:8443 max_fails=0', 'https://[fd00::1]:8443/x'],
    [{ AWS_ENDPOINT_URL: 'http://[::1]' }, '[::1]:80 max_fails=0', 'http://[::1]'],
    [
      { AWS_ENDPOINT_URL: 'http://a.test', AWS_ENDPOINT_URL_LAMBDA: 'https://vpce.test/base' },
      'vpce.test:443 max_fails=0 resolve',
      'https://vpce.test/base',
    ],
  ])('is read from %j', (env, server, endpoint) => {
    const { stdout, stderr } = run(env);
    expect(stderr).toBe('');
    expect(stdout).toContain(`  server ${server};\n`);
    expect(stdout).toContain(`  default '${endpoint}';\n`);
  });

  it.each([
    [{ VOICEGATE_AUTHORIZER: 'a b' }, 'VOICEGATE_AUTHORIZER must be the name or ARN of a Lambda function, got "a b"'],
    [{ AWS_REGION: '' }, 'AWS_REGION must be set when VOICEGATE_AUTHORIZER is no ARN'],
    [{ AWS_REGION: 'x;y' }, 'AWS_REGION must be a region such as eu-west-1, got "x;y"'],
    [{ AWS_ENDPOINT_URL: 'ftp://x' }, 'AWS_ENDPOINT_URL must look like https://host:port, got "ftp://x"'],
    [{ AWS_ENDPOINT_URL: "http://x';" }, 'AWS_ENDPOINT_URL must look like https://host:port'],
    [{ AWS_ENDPOINT_URL: 'http://x\n;' }, 'AWS_ENDPOINT_URL must look like https://host:port'],
  ])('is not read from %j', (env, message) => {
    const { stdout, stderr, status } = run(env);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
  });

  it('needs certificates to verify it with, and a resolver to find it', () => {
    expect(run({}, 'resolver x;').stderr).toContain('found no CA certificates');
    expect(run({}, 'proxy_ssl_trusted_certificate x;').stderr).toContain('resolv.conf names no nameserver');
    expect(run({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }, '').stderr).toBe('');
  });
});

describe('the error log filter', () => {
  it.each([
    [
      '2026/01/01 00:00:00 [error] 1#1: *7 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.1, server: , request: "GET /tts?text=hush HTTP/1.1", upstream: "http://127.0.0.1:5000/tts?text=hush", host: "a"',
      '2026/01/01 00:00:00 [error] 1#1: *7 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.1, server: , request: ',
    ],
    [
      '[info] 1#1: *1 client sent invalid header line: "X_Key: hush", client: 10.0.0.1',
      '[info] 1#1: *1 client sent invalid header line: ',
    ],
    ['open() "/a/b?text=hush" failed', 'open() "/a/b?'],
    ['[emerg] 1#1: bind() to 0.0.0.0:8080 failed', '[emerg] 1#1: bind() to 0.0.0.0:8080 failed'],
    ...vectors.map(([text = '', masked = '']) => [text, masked]),
  ])('turns %s into something without what clients sent', (line, filtered) => {
    const { stdout } = spawnSync('sh', ['-c', renderFilter()], { input: `${line}\n`, encoding: 'utf8' });
    expect(stdout).toBe(`${filtered}\n`);
  });

  it('does so with bytes that are no text in the language of the machine', () => {
    const line = Buffer.from('client sent \xff\xc3?hush \xff, client: 10.0.0.1, request: "GET /\xff?hush"', 'latin1');
    const environments = [{ LC_ALL: 'C.UTF-8' }, { LC_ALL: 'C' }, { LANG: 'C.UTF-8' }];
    for (const env of environments) {
      const { stdout } = spawnSync('sh', ['-c', renderFilter()], {
        input: line,
        env: { PATH: process.env.PATH, ...env },
      });
      expect(stdout.toString('latin1').trimEnd()).toBe('client sent \xff\xc3?');
    }
  });
});
