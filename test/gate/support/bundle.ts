import { cpSync, mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { GateBundle, GateOptions } from '../../../contract/gate-options';
import { buildBundles, root } from '../../../local/launch/prepare.mjs';

const built = join(root, 'dist/gate');

/** What packs a gate: of `dist/`, which the tests' set-up has built; outside of vitest it is built here. */
export async function buildGate(): Promise<GateBundle> {
  if (process.env.VOICEGATE_TEST_BUNDLES !== 'built') await buildBundles();
  const folder = process.env.VOICEGATE_TEST_COMMON_WAY === 'off' ? await buildWithoutCommonWay() : built;
  return createRequire(import.meta.url)(join(folder, 'pack.js')) as GateBundle;
}

/** The same in a folder of its own, but for the program, which takes every request through all of its steps. */
async function buildWithoutCommonWay(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'voicegate-gate-bundle-'));
  cpSync(built, folder, { recursive: true });
  await build({
    entryPoints: [join(root, 'gate/host/main.ts')],
    outfile: join(folder, 'program.js'),
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2023',
    external: ['crypto', 'fs', 'querystring', 'zlib', 'xml'],
    charset: 'utf8',
    define: { GATE_COMMON_WAY: 'false' },
    logLevel: 'warning',
  });
  return folder;
}

/** Options as the construct would give them for a small service; a test changes what it is about. */
export function gateOptions(changes: GateChanges = {}): GateOptions {
  const { authorizer, limits, ...rest } = changes;
  return {
    keyPrefix: 'vg',
    queryKey: false,
    publicRoutes: [
      { method: 'GET', path: '/' },
      { method: 'GET', path: '/static/*' },
      { method: 'GET', path: '/favicon.ico' },
    ],
    synthesisPaths: ['/tts', '/v1/audio/speech'],
    requiredScopes: [],
    maxBodyBytes: 65_536,
    maxTextBytes: rest.maxBodyBytes ?? 65_536,
    readinessPath: '/',
    longestRequest: 30,
    loadBalancerIdleTimeout: 40,
    trustedHops: 1,
    workers: 1,
    drainDelay: 0,
    relaxedPaths: [],
    cacheBytes: 1_048_576,
    ...(rest as Partial<GateOptions>),
    authorizer: {
      payloadFormat: '2.0',
      identitySource: 'credential',
      forwardRequest: false,
      positiveTtl: 60,
      negativeTtl: 10,
      staleGrace: 300,
      timeout: 2000,
      ...(authorizer as Partial<GateOptions['authorizer']>),
    },
    limits: {
      requestsPerMinute: 1000,
      synthesisPerMinute: 1000,
      missesPerMinute: 100,
      failuresPerMinute: 0,
      banSeconds: 300,
      invocations: 8,
      inFlight: 16,
      queue: 16,
      ...limits,
    },
  };
}

export type GateChanges = DeepPartial<GateOptions>;

type DeepPartial<T> = { readonly [K in keyof T]?: T[K] extends object ? Partial<T[K]> : T[K] };
