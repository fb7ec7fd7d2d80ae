import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDecision, encodeDecision } from '../../contract/authorizer-answer';
import type { Decision } from '../../contract/decision';
import {
  isQuota,
  type LeaseGrant,
  type LeaseRequest,
  QUOTA_PERIODS,
  quotaLimits,
  quotaWindow,
  readLeaseGrant,
  readLeaseRequest,
} from '../../contract/quota';

const request: LeaseRequest = {
  gate: 'gate-1',
  sequence: 7,
  need: { requests: 1, characters: 120 },
  want: { requests: 10, characters: 1200 },
  unspent: { requests: 0, characters: 80 },
};
const grant: LeaseGrant = {
  gate: 'gate-1',
  sequence: 7,
  granted: { requests: 10, characters: 1200 },
  seconds: 60,
  limits: [{ name: 'characters-per-day', quota: 5000, window: 86_400, remaining: 3800, resetsIn: 1234.5 }],
};
const decision: Decision = {
  outcome: 'allow',
  grant: { principal: 'alice', keyId: 'k', scopes: [], quota: { day: { characters: 5000 } } },
  ttl: 60,
};

describe('quotaWindow', () => {
  it('gives the calendar day and month in UTC, whatever the zone of the machine', () => {
    const now = Date.UTC(2026, 10, 30, 23, 59, 59.5) / 1000;
    expect(quotaWindow('day', now)).toEqual({
      id: '2026-11-30',
      start: Date.UTC(2026, 10, 30) / 1000,
      end: Date.UTC(2026, 11, 1) / 1000,
    });
    expect(quotaWindow('month', now)).toMatchObject({ id: '2026-11', end: Date.UTC(2026, 11, 1) / 1000 });
    const hour = Date.UTC(2026, 10, 30, 23) / 1000;
    expect(quotaWindow('hour', now)).toEqual({ id: '2026-11-30T23', start: hour, end: hour + 3600 });
    expect(quotaWindow('minute', now)).toEqual({ id: '2026-11-30T23:59', start: hour + 3540, end: hour + 3600 });
  });

  it('knows leap days and the turn of the year', () => {
    expect(quotaWindow('month', Date.UTC(2028, 1, 29) / 1000)).toMatchObject({ end: Date.UTC(2028, 2, 1) / 1000 });
    expect(quotaWindow('day', Date.UTC(2026, 11, 31, 12) / 1000).end).toBe(Date.UTC(2027, 0, 1) / 1000);
  });

  it('always holds its time, and each lies in one of the next longer period', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), (now) => {
        const windows = QUOTA_PERIODS.map((period) => quotaWindow(period, now));
        expect(windows.every(({ start, end }) => start <= now && now < end)).toBe(true);
        expect(windows.slice(0, 3).map(({ start, end }) => end - start)).toEqual([60, 3600, 86_400]);
        for (const [i, outer] of windows.slice(1).entries()) {
          const inner = windows[i];
          expect(inner && outer.start <= inner.start && inner.end <= outer.end).toBe(true);
        }
      }),
    );
  });
});

describe('isQuota', () => {
  it.each([
    { day: { requests: 1 } },
    { month: { characters: 1e12 } },
    { minute: { requests: 10 }, hour: { characters: 9 } },
    { day: { requests: 5, characters: 9 }, month: { requests: 8 } },
  ])('takes %j', (quota) => {
    expect(isQuota(quota)).toBe(true);
  });

  it.each([
    undefined,
    null,
    [],
    'day',
    {},
    { day: {} },
    { day: { requests: 0 } },
    { day: { requests: 1.5 } },
    { day: { requests: '5' } },
    { day: { requests: Number.NaN } },
    { day: { requests: 1e13 } },
    { day: { bytes: 5 } },
    { week: { requests: 5 } },
    { day: { requests: 5 }, month: null },
  ])('refuses %j, for an unreadable limit must not become none', (quota) => {
    expect(isQuota(quota)).toBe(false);
  });

  it('lists the limits under the names that answers use', () => {
    const limits = quotaLimits({
      month: { characters: 9 },
      day: { requests: 5, characters: 7 },
      minute: { requests: 2 },
    });
    expect(limits.map(({ name, quota }) => [name, quota])).toEqual([
      ['requests-per-minute', 2],
      ['requests-per-day', 5],
      ['characters-per-day', 7],
      ['characters-per-month', 9],
    ]);
  });
});

describe('lease requests and grants', () => {
  it('survive JSON', () => {
    expect(readLeaseRequest(JSON.parse(JSON.stringify(request)))).toEqual(request);
    expect(readLeaseGrant(JSON.parse(JSON.stringify(grant)))).toEqual(grant);
    const limited: LeaseGrant = { ...grant, limited: 'characters-per-day' };
    expect(readLeaseGrant(JSON.parse(JSON.stringify(limited)))).toEqual(limited);
  });

  it.each<Partial<Record<keyof LeaseRequest, unknown>>>([
    { gate: '' },
    { gate: 'a b' },
    { sequence: 0 },
    { sequence: 1.5 },
    { need: { requests: 1 } },
    { need: { requests: -1, characters: 0 } },
    { need: { requests: 11, characters: 0 } },
    { want: { requests: 1e13, characters: 1200 } },
    { unspent: { requests: Number.NaN, characters: 0 } },
    { unspent: undefined },
  ])('a request with %j is malformed', (change) => {
    expect(() => readLeaseRequest({ ...request, ...change })).toThrow('malformed lease request');
  });

  it.each<Partial<Record<keyof LeaseGrant, unknown>>>([
    { gate: undefined },
    { sequence: '7' },
    { granted: { requests: -1, characters: 0 } },
    { seconds: 61 },
    { seconds: Number.NaN },
    { limits: undefined },
    { limits: [{ ...grant.limits[0], name: 'bytes-per-day' }] },
    { limits: [{ ...grant.limits[0], remaining: -1 }] },
    { limited: 'other' },
  ])('a grant with %j is malformed', (change) => {
    expect(() => readLeaseGrant({ ...grant, ...change })).toThrow('malformed lease grant');
  });

  it('a grant travels beside the decision', () => {
    expect(decodeDecision({ ...encodeDecision(decision, grant) })).toEqual({ ...decision, lease: grant });
    expect(decodeDecision({ ...encodeDecision(decision) })).toEqual(decision);
    const broken = { voicegate: JSON.stringify({ v: 1, ...decision, lease: { ...grant, seconds: 61 } }) };
    expect(() => decodeDecision(broken)).toThrow('malformed lease grant');
  });

  it('a decision with an unreadable quota is a failure, never an unmetered allow', () => {
    const broken = {
      voicegate: JSON.stringify({ v: 1, ...decision, grant: { ...decision.grant, quota: { day: 5 } } }),
    };
    expect(() => decodeDecision(broken)).toThrow('malformed decision');
  });
});
