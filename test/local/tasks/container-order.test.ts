import { describe, expect, it } from 'vitest';
import { dependants, dependencies, startOrder } from '../../../local/tasks/container-order.js';

const container = (name: string, ...needs: (readonly [string, 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY'])[]) => ({
  name,
  dependsOn: needs.map(([containerName, condition]) => ({ containerName, condition })),
});

describe('the order of containers', () => {
  it('puts each after those it depends on', () => {
    const all = dependencies([
      container('gate', ['init', 'SUCCESS'], ['app', 'START']),
      container('init'),
      container('app'),
    ]);
    expect(startOrder(all)).toEqual(['init', 'app', 'gate']);
    expect(dependants('app', all)).toEqual(['gate']);
  });

  it('refuses a circle and names it', () => {
    expect(() => dependencies([container('a', ['b', 'START']), container('b', ['a', 'START'])])).toThrow('a → b → a');
  });

  it('refuses a container that the task does not have', () => {
    expect(() => dependencies([container('a', ['ghost', 'START'])])).toThrow('depends on ghost');
  });

  it('refuses a dependency whose members got lost', () => {
    expect(() =>
      dependencies([{ name: 'a', dependsOn: [{ containerName: undefined, condition: undefined }] }]),
    ).toThrow('dependsOn without containerName');
  });
});
