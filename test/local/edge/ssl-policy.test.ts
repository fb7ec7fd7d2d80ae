import { describe, expect, it } from 'vitest';
import { tlsVersions } from '../../../local/edge/ssl-policy.js';

describe('TLS versions of a security policy', () => {
  it.each([
    ['ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09', 'TLSv1.2', 'TLSv1.3'],
    ['ELBSecurityPolicy-TLS13-1-2-2021-06', 'TLSv1.2', 'TLSv1.3'],
    ['ELBSecurityPolicy-TLS13-1-3-2021-06', 'TLSv1.3', 'TLSv1.3'],
    ['ELBSecurityPolicy-TLS-1-2-Ext-2018-06', 'TLSv1.2', 'TLSv1.2'],
    ['ELBSecurityPolicy-FS-1-2-Res-2020-10', 'TLSv1.2', 'TLSv1.2'],
  ])('of %s are %s to %s', (policy, min, max) => {
    expect(tlsVersions(policy)).toEqual({ min, max });
  });

  it.each(['ELBSecurityPolicy-2016-08', 'ELBSecurityPolicy-TLS13-1-0-2021-06', 'ELBSecurityPolicy-FS-1-1-2019-08'])(
    'that %s permits below 1.2 are refused, and said to be',
    (policy) => {
      expect(tlsVersions(policy).min).toBe('TLSv1.2');
      expect(tlsVersions(policy).notEmulated).toContain(policy);
    },
  );
});
