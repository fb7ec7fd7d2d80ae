import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundlePath, packageRoot } from '../../../lib/shared/package-root';

describe('the place of bundles', () => {
  it('is found from the sources and from what is published', () => {
    const root = mkdtempSync(join(tmpdir(), 'voicegate-root-'));
    const outer = join(root, 'node_modules/voicegate');
    mkdirSync(join(outer, 'dist/lib'), { recursive: true });
    writeFileSync(join(root, 'package.json'), '{"name": "consumer"}');
    writeFileSync(join(outer, 'package.json'), '{"name": "voicegate"}');
    expect(packageRoot(join(outer, 'dist/lib'))).toBe(outer);
    expect(() => packageRoot(root)).toThrow(/no package.json of "voicegate"/);
  });

  it('says which command makes a bundle that is missing', () => {
    expect(() => bundlePath('lambda/nothing')).toThrow(/dist\/lambda\/nothing is missing: run "npm run build"/);
  });
});
