import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CheckOutcome } from '../../../local/edge/health-check.js';
import type { EdgeModel, TargetGroup } from '../../../local/edge/model.js';
import { Targets } from '../../../local/edge/targets.js';

const GROUP = 'arn:group';

function deployment(addresses: readonly string[], attributes: Record<string, string> = {}, type = 'ip'): EdgeModel {
  const group: TargetGroup = {
    arn: GROUP,
    name: 'group',
    protocol: 'HTTP',
    protocolVersion: 'HTTP1',
    port: 80,
    targetType: type,
    healthCheck: {
      protocol: 'HTTP',
      port: 'traffic-port',
      path: '/',
      interval: 10,
      timeout: 5,
      healthyThreshold: 2,
      unhealthyThreshold: 2,
      matcher: '200',
    },
    attributes: new Map(Object.entries(attributes)),
    targets: addresses.map((id) => ({ id, port: 80 })),
  };
  return { loadBalancers: [], targetGroups: new Map([[GROUP, group]]) };
}

describe('targets', () => {
  const sick = new Set<string>();
  let targets: Targets;
  const [A, B, C] = ['127.64.0.1', '127.64.0.2', '127.64.0.3'] as const;

  beforeEach(() => {
    vi.useFakeTimers();
    sick.clear();
    targets = new Targets(
      async ({ id }): Promise<CheckOutcome> => ({ ok: !sick.has(id), description: sick.has(id) ? 'sick' : 'fine' }),
      () => Date.now(),
    );
  });
  afterEach(() => {
    targets.stop();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  const chosen = () => {
    const target = targets.choose(GROUP, () => undefined);
    target?.release();
    return target?.id;
  };
  const states = () => Object.fromEntries(targets.health().map(({ id, state }) => [id, state]));

  it('are chosen in turns, the healthy ones only', async () => {
    sick.add(B);
    targets.update(deployment([A, B, C]));
    expect(chosen()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect([chosen(), chosen(), chosen(), chosen()]).toEqual([A, C, A, C]);
    expect(states()).toEqual({ [A]: 'healthy', [B]: 'initial', [C]: 'healthy' });
    sick.delete(B);
    await vi.advanceTimersByTimeAsync(1000);
    expect(states()[B]).toBe('healthy');
  });

  it('get no requests once they failed as often as deployed', async () => {
    targets.update(deployment([A]));
    await vi.advanceTimersByTimeAsync(1);
    sick.add(A);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(chosen()).toBe(A);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(chosen()).toBeUndefined();
    expect(targets.health()[0]).toMatchObject({ state: 'unhealthy', description: 'sick' });
  });

  it('finish their requests when deregistered, and are cut after the deregistration delay', async () => {
    const delay = { 'deregistration_delay.timeout_seconds': '30' };
    targets.update(deployment([A, B], delay));
    await vi.advanceTimersByTimeAsync(1);
    const cut: string[] = [];
    const first = targets.choose(GROUP, () => cut.push(A));
    targets.choose(GROUP, () => cut.push(B));
    targets.update(deployment([], delay));
    expect(states()).toEqual({ [A]: 'draining', [B]: 'draining' });
    expect(chosen()).toBeUndefined();
    first?.release();
    expect(states()).toEqual({ [B]: 'draining' });
    await vi.advanceTimersByTimeAsync(29_000);
    expect(cut).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(cut).toEqual([B]);
    expect(states()).toEqual({});
  });

  it('start anew when they are registered again while draining', async () => {
    targets.update(deployment([A]));
    await vi.advanceTimersByTimeAsync(1);
    const request = targets.choose(GROUP, () => undefined);
    targets.update(deployment([]));
    targets.update(deployment([A]));
    expect(states()).toEqual({ [A]: 'initial' });
    await vi.advanceTimersByTimeAsync(1);
    expect(chosen()).toBe(A);
    request?.release();
    expect(states()).toEqual({ [A]: 'healthy' });
  });

  it('are chosen by the fewest requests in flight when deployed so', async () => {
    targets.update(deployment([A, B], { 'load_balancing.algorithm.type': 'least_outstanding_requests' }));
    await vi.advanceTimersByTimeAsync(1);
    const busy = targets.choose(GROUP, () => undefined);
    const others = [chosen(), chosen(), chosen()];
    expect(new Set(others)).toEqual(new Set([busy?.id === A ? B : A]));
    busy?.release();
  });

  it('that are not on this machine are never called', async () => {
    targets.update(deployment(['192.0.2.1']));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(targets.health()[0]).toMatchObject({ state: 'unused' });
    expect(chosen()).toBeUndefined();
  });

  it('of other types than addresses are not served', async () => {
    targets.update(deployment([A], {}, 'lambda'));
    await vi.advanceTimersByTimeAsync(1);
    expect(targets.health()).toEqual([]);
    expect(chosen()).toBeUndefined();
  });
});
