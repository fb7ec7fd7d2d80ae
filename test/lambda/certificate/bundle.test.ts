import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { bundlePath } from '../../../lib/shared/package-root';
import { AcmServer } from './acm-server';

const acm = new AcmServer();
afterEach(() => acm.stop());

describe('the bundle that is deployed', () => {
  it('carries all it needs, and makes a certificate by the address and credentials of its environment', async () => {
    const endpoint = await acm.start();
    const answers: string[] = [];
    const cloudFormation = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => answers.push(chunk.toString()));
      request.on('end', () => response.end());
    });
    await new Promise<void>((resolve) => cloudFormation.listen(0, '127.0.0.1', resolve));
    const event = {
      RequestType: 'Create',
      ResponseURL: `http://127.0.0.1:${(cloudFormation.address() as AddressInfo).port}/`,
      StackId: 's',
      RequestId: 'r',
      LogicalResourceId: 'l',
      ResourceProperties: { commonName: 'voicegate', domainNames: ['a.example.org'], validityDays: '60' },
    };
    const bundle = pathToFileURL(bundlePath('lambda/certificate/index.mjs')).href;
    const program = `const { handler } = await import(${JSON.stringify(bundle)}); await handler(${JSON.stringify(event)});`;
    try {
      await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
        cwd: '/',
        timeout: 60_000,
        env: {
          AWS_ENDPOINT_URL_ACM: endpoint,
          AWS_REGION: 'eu-west-1',
          AWS_ACCESS_KEY_ID: 'test',
          AWS_SECRET_ACCESS_KEY: 'test',
        },
      });
    } finally {
      cloudFormation.closeAllConnections();
      cloudFormation.close();
    }
    expect(JSON.parse(answers.join(''))).toMatchObject({ Status: 'SUCCESS' });
    const [stored] = acm.certificates.values();
    expect(stored?.certificate.subjectAltName).toBe('DNS:a.example.org');
  }, 90_000);
});
