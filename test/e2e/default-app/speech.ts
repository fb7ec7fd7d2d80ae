import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { ACMClient, GetCertificateCommand } from '@aws-sdk/client-acm';
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../support/http';
import { filesWith, processesWith } from '../support/leaks';
import type { LocalCloud } from '../support/local-cloud';
import { trustingFetch } from '../support/openai-clients';
import { TTL } from './context';

const run = promisify(execFile);

export function describeSpeech(running: () => LocalCloud): void {
  describe('its API', () => tests(running));
}

function tests(running: () => LocalCloud): void {
  let cloud: LocalCloud;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voicegate-wav-'));
    cloud = running();
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const https = (path: string, options: Parameters<typeof call>[1] = {}) =>
    call(`${cloud.ready.https}${path}`, { ca: cloud.ready.ca, ...options });

  const speak = (text: string, headers: Record<string, string>) =>
    https(`/tts?text=${encodeURIComponent(text)}`, { headers });

  /** Seconds of a WAV, as Python's own reader counts them. */
  async function seconds(wav: Buffer): Promise<number> {
    const file = join(folder, `${Math.random()}.wav`);
    await writeFile(file, wav);
    const program = 'import sys, wave; w = wave.open(sys.argv[1]); print(w.getnframes() / w.getframerate())';
    const { stdout } = await run('python3', ['-c', program, file]);
    return Number(stdout);
  }

  it('redirects plain HTTP to HTTPS and keeps path and query', async () => {
    const answer = await call(`${cloud.ready.http}/tts?text=x`);
    expect(answer.status).toBe(301);
    expect(answer.headers.location).toBe(`${cloud.ready.https}/tts?text=x`);
  });

  it('refuses a POST over plain HTTP with a sentence that says to use https', async () => {
    const answer = await call(`${cloud.ready.http}/tts`, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(403);
    expect(String(answer.json().error)).toMatch(/https/i);
  });

  it('answers 401 as JSON with WWW-Authenticate when no key is sent', async () => {
    const answer = await https('/tts?text=hello');
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/Bearer/);
    expect(answer.headers['content-type']).toMatch(/application\/json/);
    expect(answer.json()).toMatchObject({ error: 'Unauthorized', requestId: expect.stringMatching(/.+/) });
  });

  it('answers a malformed, an unknown and a key with a wrong secret alike', async () => {
    const { key } = await cloud.createKey('altered');
    const other = await cloud.createKey('other');
    const [prefix, keyId] = key.split('_');
    const mixed = `${prefix}_${keyId}_${other.key.split('_')[2]}`;
    for (const wrong of ['x', 'vg_short', `${key}0`, mixed]) {
      const answer = await speak('hello', { 'x-api-key': wrong });
      expect(answer.status).toBe(401);
      expect(answer.json().error).toBe('Unauthorized');
    }
  });

  it('refuses an expired key', async () => {
    const expired = await cloud.createKey('expired', '--expires', '1s');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect((await speak('hello', { 'x-api-key': expired.key })).status).toBe(401);
  });

  it('stops a revoked key within the positive ttl', async () => {
    const created = await cloud.createKey('to revoke');
    expect((await speak('hello', { 'x-api-key': created.key })).status).toBe(200);
    await cloud.voicegate('keys', 'revoke', created.keyId, '--yes');
    await new Promise((resolve) => setTimeout(resolve, TTL * 1000 + 200));
    expect((await speak('hello', { 'x-api-key': created.key })).status).toBe(401);
  });

  it('speaks 你好世界 for a key in X-API-Key and in Authorization: Bearer', async () => {
    const ways: Record<string, string>[] = [
      { 'x-api-key': cloud.ready.key },
      { authorization: `Bearer ${cloud.ready.key}` },
    ];
    for (const headers of ways) {
      const answer = await speak('你好世界', headers);
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toMatch(/^audio\/(x-)?wav/);
      const length = await seconds(answer.body);
      expect(length).toBeGreaterThan(0.5);
      expect(length).toBeLessThan(5);
    }
  });

  it('speaks 500 Chinese characters', async () => {
    const answer = await speak('今天天气很好我们去公园'.repeat(50).slice(0, 500), { 'x-api-key': cloud.ready.key });
    expect(answer.status).toBe(200);
    expect(await seconds(answer.body)).toBeGreaterThan(60);
  }, 60_000);

  it('refuses 501 characters with the reason as JSON', async () => {
    const answer = await speak('好'.repeat(501), { 'x-api-key': cloud.ready.key });
    expect(answer.status).toBe(400);
    expect(answer.json().detail).toBe(
      'The request has 501 characters in text, at most 500 are allowed; send it in parts.',
    );
  });

  it('serves the web page without a key, with the security headers', async () => {
    const answer = await https('/');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/text\/html/);
    expect(answer.headers['strict-transport-security']).toMatch(/max-age=\d{8}/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['x-frame-options']).toBe('DENY');
    expect(answer.headers['content-security-policy']).toMatch(/default-src 'self'/);
    // The load balancer's own is off; the gate's names no version.
    expect(answer.headers.server).toBe('nginx');
  });

  it('puts the security headers on refusals too', async () => {
    const answer = await https('/tts?text=hello');
    expect(answer.headers['strict-transport-security']).toMatch(/max-age/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  it('tells robots to keep out', async () => {
    const answer = await https('/robots.txt');
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toMatch(/User-agent: \*\s+Disallow: \//);
  });

  it('refuses TLS 1.0 and 1.1 and accepts 1.2 and 1.3', async () => {
    const { port } = new URL(cloud.ready.https);
    const ca = await readFile(cloud.ready.ca);
    const handshake = (version: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
      new Promise<string>((resolve) => {
        const socket = connect({
          host: 'localhost',
          port: Number(port),
          ca,
          minVersion: version,
          maxVersion: version,
          // OpenSSL 3 offers the old versions only at this security level.
          ciphers: 'DEFAULT:@SECLEVEL=0',
        });
        socket.once('secureConnect', () => {
          resolve(socket.getProtocol() ?? 'none');
          socket.destroy();
        });
        socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      });
    expect(await handshake('TLSv1')).toMatch(/PROTOCOL_VERSION/);
    expect(await handshake('TLSv1.1')).toMatch(/PROTOCOL_VERSION/);
    expect(await handshake('TLSv1.2')).toBe('TLSv1.2');
    expect(await handshake('TLSv1.3')).toBe('TLSv1.3');
  });

  it('deployed a listener whose certificate the custom resource imported into ACM', async () => {
    const elb = new ElasticLoadBalancingV2Client(cloud.aws());
    const { LoadBalancers } = await elb.send(new DescribeLoadBalancersCommand({}));
    const { Listeners } = await elb.send(
      new DescribeListenersCommand({ LoadBalancerArn: LoadBalancers?.[0]?.LoadBalancerArn }),
    );
    const arn = Listeners?.find(({ Port }) => Port === 443)?.Certificates?.[0]?.CertificateArn;
    const acm = new ACMClient(cloud.aws());
    const { Certificate } = await acm.send(new GetCertificateCommand({ CertificateArn: arn }));
    const certificate = new X509Certificate(Certificate ?? '');
    expect(certificate.subject).toBe('CN=voicegate');
    expect(certificate.subjectAltName).toContain(LoadBalancers?.[0]?.DNSName);
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  });

  it('speaks to the openai client', async () => {
    const client = new OpenAI({
      apiKey: cloud.ready.key,
      baseURL: `${cloud.ready.https}/v1`,
      fetch: trustingFetch(cloud.ready.ca),
      maxRetries: 0,
    });
    const speech = await client.audio.speech.create({
      model: 'tts-1',
      input: 'Good morning, 世界',
      voice: 'alloy',
      response_format: 'wav',
    });
    expect(await seconds(Buffer.from(await speech.arrayBuffer()))).toBeGreaterThan(0.5);
    const usual = await client.audio.speech.create({ model: 'tts-1', input: 'Good morning', voice: 'alloy' });
    expect(usual.headers.get('content-type')).toBe('audio/mpeg');
    expect((await client.models.list()).data.map(({ id }) => id)).toContain('tts-1');
    await expect(
      client.audio.speech.create({ model: 'tts-1', input: 'x', voice: 'alloy', response_format: 'aac' }),
    ).rejects.toThrow(/aac.*allowed are mp3, wav, pcm, opus, flac/);
    const stranger = client.withOptions({ apiKey: 'not-a-key' });
    await expect(
      stranger.audio.speech.create({ model: 'tts-1', input: 'x', voice: 'alloy', response_format: 'wav' }),
    ).rejects.toThrow(OpenAI.AuthenticationError);
  });

  it('gives players parts of a file, and the same version of it from each process', async () => {
    const path = `/tts?text=${encodeURIComponent('今天天气很好')}&format=mp3`;
    const headers = { 'x-api-key': cloud.ready.key };
    const whole = await https(path, { headers: { ...headers, range: 'bytes=0-' } });
    expect(whole).toMatchObject({ status: 206, headers: { 'accept-ranges': 'bytes' } });
    const etag = String(whole.headers.etag);
    for (let i = 0; i < 6; i++) {
      const part = await https(path, { headers: { ...headers, range: 'bytes=1000-1999', 'if-range': etag } });
      expect(part.status).toBe(206);
      expect(part.headers['content-range']).toBe(`bytes 1000-1999/${whole.body.length}`);
      expect(part.body.equals(whole.body.subarray(1000, 2000))).toBe(true);
    }
    const known = await https(path, { headers: { ...headers, 'if-none-match': etag } });
    expect([known.status, known.body.length]).toEqual([304, 0]);
    const beyond = await https(path, { headers: { ...headers, range: 'bytes=99999999-' } });
    expect([beyond.status, beyond.headers['content-range']]).toEqual([416, `bytes */${whole.body.length}`]);
    const head = await https(path, { method: 'HEAD', headers });
    expect([head.status, head.headers['content-length']]).toEqual([200, String(whole.body.length)]);
  });

  it('names neither a secret nor a spoken text in anything it printed or keeps', async () => {
    const text = `unspoken-${Math.random().toString(36).slice(2)}`;
    const created = await cloud.createKey('leak check');
    const secret = created.key.split('_')[2] ?? '';
    expect((await speak(text, { 'x-api-key': created.key })).status).toBe(200);
    const posted = await https('/tts', {
      method: 'POST',
      headers: { 'x-api-key': created.key, 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
    });
    expect(posted.status).toBe(200);
    expect((await speak(text, { 'x-api-key': `${created.key}x` })).status).toBe(401);
    for (const needle of [secret, text]) {
      expect(cloud.log().includes(needle)).toBe(false);
      expect(await filesWith(needle, cloud.stateDirectory)).toEqual([]);
      expect(await processesWith(needle)).toEqual([]);
    }
  });
}
