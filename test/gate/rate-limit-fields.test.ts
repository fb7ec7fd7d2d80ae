import { expect, it } from 'vitest';
import type { LimitState } from '../../contract/quota';
import { rateLimitFields } from '../../gate/core/answer/rate-limit-fields';

const limits: readonly LimitState[] = [
  { name: 'requests-per-day', quota: 100, window: 86_400, remaining: 12, resetsIn: 3599.2 },
  { name: 'characters-per-month', quota: 1e12, window: 2_592_000, remaining: 0, resetsIn: 0.4 },
];

it('tells each limit as an item of a structured list', () => {
  expect(rateLimitFields(limits)).toEqual({
    rateLimit: '"requests-per-day";r=12;t=3600, "characters-per-month";r=0;t=1',
    policy: '"requests-per-day";q=100;w=86400, "characters-per-month";q=1000000000000;qu="characters";w=2592000',
  });
});

it('sends no field when there is no limit, for a list of nothing is none', () => {
  expect(rateLimitFields([])).toBeUndefined();
});
