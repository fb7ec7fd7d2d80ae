import type { SecureTtsServiceProps } from '../lib';
import { CONFIG_KEYS, type ConfigKey } from './config-keys';
import { isNotAllowed } from './config-values';
import { nearest } from './nearest';

type Keys = typeof CONFIG_KEYS;

/** What the app was told through CDK context. A key that was not given is undefined: the library has the default. */
export type Config = { readonly [K in keyof Keys]?: Keys[K] extends ConfigKey<infer T> ? T : never } & {
  readonly stackName: string;
};

/** Keys with a colon, a slash or an @ are the toolkit's own: feature flags, looked-up values, bootstrap settings. */
const OF_THE_TOOLKIT = /[:/@]|^(cli-telemetry|dynamo|tree)$/;

/**
 * Reads the configuration from CDK context.
 * @throws Error naming every key that is unknown or has a wrong value, with what was given and what is allowed.
 */
export function readConfig(context: { readonly [key: string]: unknown }): Config {
  const problems: string[] = [];
  const config: Record<string, unknown> = { stackName: 'Voicegate' };
  for (const [name, value] of Object.entries(context)) {
    if (isKey(name)) {
      try {
        config[name] = CONFIG_KEYS[name].parse(value);
      } catch (error) {
        if (!isNotAllowed(error)) throw error;
        problems.push(`${name}: got ${JSON.stringify(value)}; allowed: ${CONFIG_KEYS[name].allowed}`);
      }
    } else if (!OF_THE_TOOLKIT.test(name)) {
      problems.push(unknownKey(name));
    }
  }
  problems.push(...contradictions(config as Config));
  if (problems.length > 0) {
    throw new Error(
      `the configuration (cdk -c key=value, or "context" in cdk.json) is wrong:\n  ${problems.join('\n  ')}`,
    );
  }
  return config as Config;
}

/** What single keys set of the service. */
export function serviceProps(config: Config): Partial<SecureTtsServiceProps> {
  const parts = Object.entries(CONFIG_KEYS).flatMap(([name, { props }]) => {
    const value = config[name as keyof Keys];
    // Each key's own parser made the value.
    return value === undefined || !props ? [] : [(props as (value: unknown) => Partial<SecureTtsServiceProps>)(value)];
  });
  const merged: Partial<SecureTtsServiceProps> = Object.assign({}, ...parts);
  return {
    ...merged,
    limits: Object.assign({}, ...parts.map(({ limits }) => limits)),
    loadBalancerOptions: Object.assign({}, ...parts.map(({ loadBalancerOptions }) => loadBalancerOptions)),
  };
}

function contradictions(config: Config): string[] {
  const problems: string[] = [];
  const zone = [config.hostedZoneId, config.hostedZoneName].filter((value) => value !== undefined).length;
  if (zone === 1) problems.push('hostedZoneId and hostedZoneName: give both or neither');
  if (zone === 2 && !config.domainNames?.length) {
    problems.push('domainNames: got none; with hostedZoneId name at least one domain of that zone');
  }
  problems.push(...letsEncryptContradictions(config));
  if (config.tokenIssuer !== undefined && !config.tokenAudiences?.length) {
    problems.push('tokenAudiences: got none; with tokenIssuer name at least one, or tokens for others would be taken');
  }
  if (config.maxTasks !== undefined && config.maxTasks < (config.desiredCount ?? 1)) {
    problems.push(`maxTasks: got ${config.maxTasks}; allowed: at least desiredCount, ${config.desiredCount}`);
  }
  if (config.maxTasks !== undefined && config.desiredCount === 0) {
    problems.push('desiredCount: got 0; with maxTasks at least one task runs');
  }
  const twice = Object.keys(config.environment ?? {}).find((name) => config.secretArns?.[name] !== undefined);
  if (twice !== undefined) problems.push(`environment and secretArns: both set ${twice}`);
  for (const name of ['tokenAudiences', 'tokenAudienceClaim'] as const) {
    if (config[name] !== undefined && config.tokenIssuer === undefined) problems.push(`${name}: needs tokenIssuer`);
  }
  if (config.engine !== undefined && config.image !== undefined) {
    problems.push(`engine: got ${config.engine} with image; it chooses what speaks in this package's own image`);
  }
  if (config.alarmEmail !== undefined && config.alarmTopicArn !== undefined) {
    problems.push('alarmEmail and alarmTopicArn: give one of them; a topic of yours can have any subscriptions');
  }
  return problems;
}

function letsEncryptContradictions(config: Config): string[] {
  if (config.letsEncryptEmail === undefined) {
    return config.letsEncryptStaging === undefined ? [] : ['letsEncryptStaging: needs letsEncryptEmail'];
  }
  const problems: string[] = [];
  if (config.certificateArn !== undefined) problems.push('letsEncryptEmail and certificateArn: give only one');
  if (!config.domainNames?.length) {
    problems.push(
      'domainNames: got none; with letsEncryptEmail name at least one domain that leads to the load balancer',
    );
  }
  for (const name of (config.domainNames ?? []).filter((one) => one.startsWith('*'))) {
    problems.push(
      `domainNames: got "${name}"; Let's Encrypt validates over HTTP, where no wildcard is possible: list the names one by one`,
    );
  }
  return problems;
}

function unknownKey(name: string): string {
  const names = Object.keys(CONFIG_KEYS);
  const guess = nearest(name, names);
  return guess === undefined
    ? `${name}: no such key; allowed: ${names.join(', ')}`
    : `${name}: no such key; did you mean ${guess}?`;
}

function isKey(name: string): name is keyof Keys {
  return Object.hasOwn(CONFIG_KEYS, name);
}
