import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatApiKey, generateApiKey } from '../../../contract/api-key';
import { readCredential } from '../../../lambda/authorizer/credential';
import { anyText } from '../../support/any-text';
import { gateEvent, httpApiEvent, restApiEvent, tokenEvent } from './events';

const key = generateApiKey(randomBytes);
const text = formatApiKey(key);
const other = formatApiKey(generateApiKey(randomBytes));
const found = { kind: 'key', key };

describe('the credential of a request', () => {
  it.each([
    ['X-API-Key', { 'x-api-key': text }],
    ['X-API-Key in any case', { 'X-Api-KEY': text }],
    ['Bearer', { authorization: `Bearer ${text}` }],
    ['bearer in any case', { AUTHORIZATION: `bEARER   ${text} ` }],
    ['both, when they are the same', { 'x-api-key': text, authorization: `Bearer ${text}` }],
    ['X-API-Key beside another scheme', { 'x-api-key': text, authorization: 'Basic dXNlcjpwYXNz' }],
  ])('is found in %s', (_, headers) => {
    expect(readCredential(httpApiEvent({ headers }), 'vg')).toEqual(found);
    expect(readCredential(restApiEvent({ headers }), 'vg')).toEqual(found);
  });

  it('is found in a REST API’s repeated headers and its token', () => {
    expect(readCredential(restApiEvent({ multiValueHeaders: { 'X-API-Key': [text, text] } }), 'vg')).toEqual(found);
    expect(readCredential(tokenEvent(text), 'vg')).toEqual(found);
    expect(readCredential(tokenEvent(`Bearer ${text}`), 'vg')).toEqual(found);
  });

  it('is found in the identity source when no header holds it', () => {
    expect(readCredential(gateEvent({ identitySource: [text] }), 'vg')).toEqual(found);
    expect(readCredential(gateEvent({ identitySource: [`Bearer ${text}`] }), 'vg')).toEqual(found);
    expect(readCredential(httpApiEvent({ identitySource: ['/tts', text] }), 'vg')).toEqual(found);
    expect(readCredential({ ...restApiEvent(), identitySource: text }, 'vg')).toEqual(found);
  });

  it('of another prefix is malformed', () => {
    expect(readCredential(httpApiEvent({ headers: { 'x-api-key': text } }), 'sk')).toEqual({ kind: 'malformed' });
  });

  it.each([
    ['no headers', {}],
    ['an empty header', { 'x-api-key': '  ' }],
    ['Bearer without a token', { authorization: 'Bearer ' }],
    ['another scheme alone', { authorization: 'Basic dXNlcjpwYXNz' }],
  ])('is missing with %s', (_, headers) => {
    expect(readCredential(httpApiEvent({ headers }), 'vg')).toEqual({ kind: 'missing' });
    expect(readCredential(restApiEvent({ headers }), 'vg')).toEqual({ kind: 'missing' });
  });

  it('is missing when a REST API sends null for headers', () => {
    expect(readCredential({ ...restApiEvent(), headers: null, multiValueHeaders: null }, 'vg').kind).toBe('missing');
  });

  it.each([
    ['a word', 'hello'],
    ['a key with a typo', `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`],
    ['the same header twice, joined', `${text},${text}`],
    ['64 KB', 'a'.repeat(65_536)],
  ])('is malformed when it is %s', (_, value) => {
    expect(readCredential(httpApiEvent({ headers: { 'x-api-key': value } }), 'vg')).toEqual({ kind: 'malformed' });
    expect(readCredential(tokenEvent(value), 'vg')).toEqual({ kind: 'malformed' });
    expect(readCredential(gateEvent({ identitySource: [value] }), 'vg')).toEqual({ kind: 'malformed' });
  });

  it('conflicts when two headers hold different ones, even malformed', () => {
    const conflict = { kind: 'conflict' };
    const headers = { 'x-api-key': text, authorization: `Bearer ${other}` };
    expect(readCredential(httpApiEvent({ headers }), 'vg')).toEqual(conflict);
    expect(readCredential(restApiEvent({ headers }), 'vg')).toEqual(conflict);
    expect(readCredential(httpApiEvent({ headers: { 'x-api-key': text, authorization: 'Bearer x' } }), 'vg')).toEqual(
      conflict,
    );
    expect(readCredential(restApiEvent({ multiValueHeaders: { 'x-api-key': [text, other] } }), 'vg')).toEqual(conflict);
  });

  it('conflicts when the identity source, by which an answer is cached, holds another one than the header', () => {
    const event = httpApiEvent({ headers: { 'x-api-key': text }, identitySource: [other] });
    expect(readCredential(event, 'vg')).toEqual({ kind: 'conflict' });
  });

  it('never throws on arbitrary headers and hints', () => {
    const headers = fc.dictionary(fc.constantFrom('x-api-key', 'Authorization', 'cookie'), anyText());
    fc.assert(
      fc.property(headers, fc.array(anyText()), (given, identitySource) => {
        expect(readCredential(httpApiEvent({ headers: given, identitySource }), 'vg').kind).not.toBe('key');
      }),
    );
  });

  it('is read in time that grows with its length, not with its square', () => {
    const read = (length: number) => {
      const started = performance.now();
      readCredential(tokenEvent(`Bearer x${' '.repeat(length)}y`), 'vg');
      return performance.now() - started;
    };
    read(1000);
    // A backtracking expression needs minutes for a megabyte; a linear one needs milliseconds even on a busy machine.
    expect(read(1_000_000)).toBeLessThan(5_000);
  });
});
