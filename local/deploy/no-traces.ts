/** Context in which a synthesis writes no stack traces: most of its metadata, and nobody here reads them. */
export const NO_TRACES = {
  'aws:cdk:disable-stack-trace': true,
  'aws:cdk:disable-creation-stack-traces': true,
} as const;
