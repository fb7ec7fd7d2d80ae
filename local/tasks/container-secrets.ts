import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import type { Clients } from './clients.js';

/** A container's `secrets`, resolved as the ECS agent does before the start. Errors name the secret, never a value. */
export async function resolveSecrets(
  container: ContainerDefinition,
  clients: Pick<Clients, 'secrets' | 'ssm'>,
): Promise<Record<string, string>> {
  const entries = await Promise.all(
    (container.secrets ?? []).map(async ({ name, valueFrom }): Promise<[string, string]> => {
      if (!name || !valueFrom) throw new Error(`container ${container.name}: a secret without name or valueFrom`);
      try {
        return [name, await resolveSecret(valueFrom, clients)];
      } catch (error) {
        throw new Error(
          `container ${container.name}: secret ${name} (${valueFrom}) could not be read: ${(error as Error).message}`,
        );
      }
    }),
  );
  return Object.fromEntries(entries);
}

async function resolveSecret(valueFrom: string, { secrets, ssm }: Pick<Clients, 'secrets' | 'ssm'>): Promise<string> {
  if (!/^arn:[\w-]+:secretsmanager:/.test(valueFrom)) {
    const name = /^arn:[\w-]+:ssm:[^:]*:[^:]*:parameter(\/.*)$/.exec(valueFrom)?.[1] ?? valueFrom;
    const { Parameter } = await getParameter(name, ssm);
    if (Parameter?.Value === undefined) throw new Error('the parameter has no value');
    return Parameter.Value;
  }
  // arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME[:json-key[:version-stage[:version-id]]]
  const parts = valueFrom.split(':');
  const [jsonKey, stage, version] = parts.slice(7);
  const { SecretString } = await secrets.send(
    new GetSecretValueCommand({
      SecretId: parts.slice(0, 7).join(':'),
      ...(stage ? { VersionStage: stage } : {}),
      ...(version ? { VersionId: version } : {}),
    }),
  );
  if (SecretString === undefined) throw new Error('the secret has no text value');
  if (!jsonKey) return SecretString;
  const value = parseObject(SecretString)[jsonKey];
  if (value === undefined) throw new Error(`it has no JSON key ${jsonKey}`);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The ARN of a parameter at the top level has the same form as that of `/name`. */
async function getParameter(name: string, ssm: Clients['ssm']) {
  try {
    return await ssm.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
  } catch (error) {
    if ((error as Error).name !== 'ParameterNotFound' || !/^\/[^/]+$/.test(name)) throw error;
    return ssm.send(new GetParameterCommand({ Name: name.slice(1), WithDecryption: true }));
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // The parser's message would quote the secret.
  }
  throw new Error('it is not a JSON object');
}
