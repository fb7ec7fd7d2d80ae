import { describe, expect, it } from 'vitest';
import { conditionHolds, matchingRule, type RuleRequest } from '../../../local/edge/conditions.js';
import type { Condition, ListenerRule } from '../../../local/edge/model.js';

const request: RuleRequest = {
  method: 'GET',
  path: '/img/Cat.png',
  query: 'Version=V1&flag&empty=',
  host: 'API.example.com:8443',
  headers: [
    ['Accept', 'text/html'],
    ['accept', 'audio/wav'],
  ],
  client: '127.0.0.1',
};

function condition(field: string, parts: Partial<Condition>): Condition {
  return { field, values: [], regexValues: [], pairs: [], ...parts };
}

const holds = (field: string, parts: Partial<Condition>) => conditionHolds(condition(field, parts), request);

describe('rule conditions', () => {
  it('match paths with their case and without the query', () => {
    expect(holds('path-pattern', { values: ['/img/*'] })).toBe(true);
    expect(holds('path-pattern', { values: ['/img/C?t.png'] })).toBe(true);
    expect(holds('path-pattern', { values: ['/img/cat.png'] })).toBe(false);
    expect(holds('path-pattern', { values: ['/img/Cat.png?*'] })).toBe(false);
    expect(holds('path-pattern', { values: ['/img'] })).toBe(false);
    expect(holds('path-pattern', { regexValues: ['^/img/[A-Z]at'] })).toBe(true);
  });

  it('match hosts whatever their case and port', () => {
    expect(holds('host-header', { values: ['*.Example.com'] })).toBe(true);
    expect(holds('host-header', { values: ['example.com'] })).toBe(false);
  });

  it('match any of a repeated header, whatever the case of name and value', () => {
    expect(holds('http-header', { headerName: 'ACCEPT', values: ['AUDIO/*'] })).toBe(true);
    expect(holds('http-header', { headerName: 'ACCEPT', values: ['image/*'] })).toBe(false);
    expect(holds('http-header', { headerName: 'Origin', values: ['*'] })).toBe(false);
  });

  it('match methods exactly', () => {
    expect(holds('http-request-method', { values: ['HEAD', 'GET'] })).toBe(true);
    expect(holds('http-request-method', { values: ['get', 'G*'] })).toBe(false);
  });

  it('match query parameters by key and value or by value alone, whatever their case', () => {
    expect(holds('query-string', { pairs: [{ key: 'version', value: 'v?' }] })).toBe(true);
    expect(holds('query-string', { pairs: [{ value: 'V1' }] })).toBe(true);
    expect(holds('query-string', { pairs: [{ key: 'flag', value: '' }] })).toBe(true);
    expect(holds('query-string', { pairs: [{ key: 'flag', value: 'V1' }] })).toBe(false);
  });

  it('match the address of the connection, not a forwarded one', () => {
    expect(holds('source-ip', { values: ['10.0.0.0/8', '127.0.0.0/8'] })).toBe(true);
    expect(holds('source-ip', { values: ['::1/128'] })).toBe(false);
  });

  it('never hold for a field that is not known', () => {
    expect(holds('moon-phase', { values: ['*'] })).toBe(false);
  });
});

describe('rules', () => {
  it('apply when all of their conditions hold, the first one first', () => {
    const rule = (priority: string, conditions: readonly Condition[]): ListenerRule => ({
      priority,
      conditions,
      actions: [],
      transformed: false,
    });
    const path = condition('path-pattern', { values: ['/img/*'] });
    const post = condition('http-request-method', { values: ['POST'] });
    const rules = [rule('1', [path, post]), rule('2', [path]), rule('3', [path]), rule('default', [])];
    expect(matchingRule(rules, request)?.priority).toBe('2');
    expect(matchingRule(rules, { ...request, method: 'POST' })?.priority).toBe('1');
    expect(matchingRule(rules, { ...request, path: '/' })?.priority).toBe('default');
  });
});
