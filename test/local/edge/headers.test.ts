import { describe, expect, it } from 'vitest';
import { type Header, headerValue, requestHeaders } from '../../../local/edge/request-headers.js';
import { ownResponseHeaders, targetResponseHeaders } from '../../../local/edge/response-headers.js';
import { traceHeader } from '../../../local/edge/trace-id.js';

const connection = {
  client: '::1',
  clientPort: 50_000,
  scheme: 'https' as const,
  port: 8443,
  tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' },
};
const attributes = (values: Record<string, string> = {}) => new Map(Object.entries(values));

describe('headers to the target', () => {
  const received: Header[] = [
    ['X-Forwarded-For', '203.0.113.9'],
    ['X-Amzn-Tls-Version', 'forged'],
    ['Under_score', 'kept'],
  ];
  const value = (name: string, values: Record<string, string>) =>
    headerValue(requestHeaders(received, connection, attributes(values)), name);

  it('append, keep or remove X-Forwarded-For as deployed', () => {
    const mode = 'routing.http.xff_header_processing.mode';
    expect(value('x-forwarded-for', {})).toBe('203.0.113.9, ::1');
    expect(value('x-forwarded-for', { [mode]: 'preserve' })).toBe('203.0.113.9');
    expect(value('x-forwarded-for', { [mode]: 'remove' })).toBeUndefined();
    expect(value('x-forwarded-for', { 'routing.http.xff_client_port.enabled': 'true' })).toBe(
      '203.0.113.9, [::1]:50000',
    );
  });

  it("tell the TLS version in place of the client's own claim, when switched on", () => {
    const on = { 'routing.http.x_amzn_tls_version_and_cipher_suite.enabled': 'true' };
    expect(value('x-amzn-tls-version', on)).toBe('TLSv1.3');
    expect(value('x-amzn-tls-cipher-suite', on)).toBe('TLS_AES_128_GCM_SHA256');
  });

  it('drop names that are not letters, digits and dashes, when switched on', () => {
    expect(value('under_score', {})).toBe('kept');
    expect(value('under_score', { 'routing.http.drop_invalid_header_fields.enabled': 'true' })).toBeUndefined();
  });

  it('never lose the length or the host to a Connection header that names them', () => {
    const tricky: Header[] = [
      ['Host', 'a'],
      ['Content-Length', '3'],
      ['Connection', 'content-length, host'],
    ];
    const headers = requestHeaders(tricky, connection, attributes());
    expect(headerValue(headers, 'content-length')).toBe('3');
    expect(headerValue(headers, 'host')).toBe('a');
  });
});

describe('the trace id', () => {
  it('is a new root with the time in it', () => {
    expect(traceHeader(undefined, new Date(0x67891234 * 1000))).toMatch(/^Root=1-67891234-[0-9a-f]{24}$/);
  });

  it("adds itself before the client's root, in place of an earlier self", () => {
    expect(traceHeader('Self=1-0-0;Root=1-67891233-abcdef012345678912345678;CalledFrom=app')).toMatch(
      /^Self=1-[0-9a-f]{8}-[0-9a-f]{24};Root=1-67891233-abcdef012345678912345678;CalledFrom=app$/,
    );
  });

  it("is a root where the client's header has none", () => {
    expect(traceHeader('CalledFrom=app')).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};CalledFrom=app$/);
  });
});

describe('headers to the client', () => {
  it("are the listener's in place of the target's", () => {
    const listener = attributes({
      'routing.http.response.content_security_policy.header_value': "default-src 'self'",
      'routing.http.response.access_control_allow_origin.header_value': '*',
    });
    const headers = targetResponseHeaders(
      [
        ['Content-Security-Policy', 'anything'],
        ['Connection', 'keep-alive'],
        ['Server', 'app'],
      ],
      listener,
    );
    expect(headers).toEqual([
      ['Server', 'app'],
      ['Content-Security-Policy', "default-src 'self'"],
      ['Access-Control-Allow-Origin', '*'],
    ]);
  });

  it('name the load balancer as server unless that is switched off', () => {
    expect(ownResponseHeaders([], attributes())).toEqual([['Server', 'awselb/2.0']]);
    expect(ownResponseHeaders([], attributes({ 'routing.http.response.server.enabled': 'false' }))).toEqual([]);
  });
});
