import { cpSync, mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { GateBundle, GateOptions } from '../../../contract/gate-options';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Builds the gate's two bundles as the package's build does, into a folder of this test file's own. */
export async function buildGate(): Promise<GateBundle> {
  const folder = mkdtempSync(join(tmpdir(), 'voicegate-gate-bundle-'));
  cpSync(join(root, 'gate/container'), join(folder, 'container'), { recursive: true });
  await Promise.all([
    build({
      entryPoints: [join(root, 'gate/host/main.ts')],
      outfile: join(folder, 'program.js'),
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'neutral',
      target: 'es2023',
      external: ['crypto', 'fs', 'querystring', 'zlib', 'xml'],
      charset: 'utf8',
      define: process.env.VOICEGATE_TEST_COMMON_WAY === 'off' ? { GATE_COMMON_WAY: 'false' } : {},
      logLevel: 'warning',
    }),
    build({
      entryPoints: [join(root, 'gate/pack.ts')],
      outfile: join(folder, 'pack.cjs'),
      bundle: true,
      minify: true,
      format: 'cjs',
      platform: 'node',
      target: 'node20',
      logLevel: 'warning',
    }),
  ]);
  return createRequire(import.meta.url)(join(folder, 'pack.cjs')) as GateBundle;
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
