import { describe, expect, it } from 'vitest';
import { chooseTargetGroup, redirectLocation } from '../../../local/edge/actions.js';
import type { RedirectAction } from '../../../local/edge/model.js';

const action: RedirectAction = {
  type: 'redirect',
  protocol: 'HTTPS',
  host: '#{host}',
  port: '443',
  path: '/#{path}',
  query: '#{query}',
  status: 301,
};
const request = {
  method: 'GET',
  path: '/a/b',
  query: 'x=1',
  host: 'localhost:8080',
  headers: [],
  client: '127.0.0.1',
  scheme: 'http' as const,
  port: 8080,
};
const served = new Map([
  [80, 8080],
  [443, 8443],
]);

describe('a redirect', () => {
  it('leads to the local port of a deployed one, on the host that was called', () => {
    expect(redirectLocation(action, request, served)).toBe('https://localhost:8443/a/b?x=1');
    expect(redirectLocation(action, { ...request, host: '[::1]:8080' }, served)).toBe('https://[::1]:8443/a/b?x=1');
  });

  it('to another host keeps its port', () => {
    expect(redirectLocation({ ...action, host: 'www.example.com' }, request, served)).toBe(
      'https://www.example.com:443/a/b?x=1',
    );
  });

  it('fills in protocol, host, port, path and query, and leaves out an empty query', () => {
    const moved = { ...action, protocol: '#{protocol}', port: '#{port}', path: '/new/#{path}', host: 'new.#{host}' };
    expect(redirectLocation(moved, request, served)).toBe('http://new.localhost:8080/new/a/b?x=1');
    expect(redirectLocation({ ...action, query: '' }, request, served)).toBe('https://localhost:8443/a/b');
    expect(redirectLocation({ ...action, query: 'from=#{host}' }, request, served)).toBe(
      'https://localhost:8443/a/b?from=localhost',
    );
  });
});

describe('a forward action', () => {
  const forward = {
    type: 'forward' as const,
    sticky: false,
    targetGroups: [
      { arn: 'blue', weight: 3 },
      { arn: 'never', weight: 0 },
      { arn: 'green', weight: 1 },
    ],
  };

  it('divides requests by weight', () => {
    const chosen = Array.from({ length: 100 }, (_, i) => chooseTargetGroup(forward, i / 100));
    expect(chosen.filter((arn) => arn === 'blue')).toHaveLength(75);
    expect(chosen.filter((arn) => arn === 'green')).toHaveLength(25);
  });

  it('leads nowhere when every weight is 0', () => {
    expect(chooseTargetGroup({ ...forward, targetGroups: [{ arn: 'off', weight: 0 }] }, 0)).toBeUndefined();
  });
});
