import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import { BasicConstraintsExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GateBundle } from '../../contract/gate-options';
import { App } from './support/app';
import { buildGate, gateOptions } from './support/bundle';
import { GateContainers } from './support/gate';
import { call, newKey, withKey } from './support/http';
import { allow } from './support/lambda-endpoint';

/** A self-signed certificate for these names, and its key, as PEM. */
async function certificate(name: string): Promise<{ readonly cert: string; readonly key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
    ],
  });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return { cert: made.toString('pem'), key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n` };
}

describe('the connection to Lambda', () => {
  let bundle: GateBundle;
  let app: App;

  beforeAll(async () => {
    [bundle, app] = await Promise.all([buildGate(), App.start()]);
  });
  afterAll(async () => {
    await app?.stop();
  });

  it.each([
    ['is made with a certificate of a trusted authority for its name', '127.0.0.1', true, 200],
    ['is refused with a certificate for another name', 'other.test', true, 503],
    ['is refused with a certificate of an unknown authority', '127.0.0.1', false, 503],
  ])('%s', async (_, name, trusted, status) => {
    const [own, stranger] = await Promise.all([certificate(name), certificate(name)]);
    const file = join(mkdtempSync(join(tmpdir(), 'voicegate-gate-ca-')), 'ca.pem');
    writeFileSync(file, trusted ? own.cert : stranger.cert);
    let requests = 0;
    const server = createServer(own, (_request, response) => {
      requests++;
      response.end(JSON.stringify(allow()));
    });
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const lambdaUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const gate = new GateContainers(bundle.packGate(gateOptions()), { upstreamPort: app.port, lambdaUrl });
    try {
      expect(await gate.init({ AWS_CA_BUNDLE: file })).toMatchObject({ code: 0 });
      await gate.start();
      await gate.ready();
      // Again and again: a connection that was refused must not be used by whoever comes next.
      for (let i = 0; i < 3; i++) expect((await call(gate.url, '/x', withKey(newKey()))).status).toBe(status);
      expect(requests).toBe(status === 200 ? 3 : 0);
    } finally {
      await gate.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
