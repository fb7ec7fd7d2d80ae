import type { Kinds } from '../shared/kinds';
import { LOG_KINDS } from '../shared/log-options';

/** What the props of a gate hold, alone or within a whole service. */
export const GATE_KINDS: Kinds = {
  upstreamPort: 'number',
  gatePort: 'number',
  gateHealthPort: 'number',
  trustedHops: 'number',
  workers: 'number',
  relaxedPaths: 'texts',
  allowIndexing: 'boolean',
  appKeepAlive: 'duration',
  readinessPath: 'text',
  longestRequest: 'duration',
  publicPaths: 'texts',
  synthesisPaths: 'texts',
  requiredScopes: 'list',
  limits: 'object',
  maxBodySize: 'size',
  textRules: 'object',
  maskPrincipal: 'boolean',
  staleGrace: 'duration',
  webSession: 'boolean',
  webSessionDuration: 'duration',
  webSessionSecret: 'object',
  cors: 'object',
  gateCpu: 'number',
  gateMemoryLimitMiB: 'number',
  gateMemoryReservationMiB: 'number',
  ...LOG_KINDS,
};
