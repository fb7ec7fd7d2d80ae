import { Token } from 'aws-cdk-lib';

/** What a prop holds. TypeScript knows it; JavaScript and Python find out here, by a sentence instead of a TypeError. */
interface Kind {
  readonly is: (value: unknown) => boolean;
  readonly phrase: string;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const has = (value: unknown, method: string) =>
  isObject(value) && typeof (value as Readonly<Record<string, unknown>>)[method] === 'function';

export const KIND = {
  boolean: { is: (value) => typeof value === 'boolean', phrase: 'true or false' },
  number: { is: (value) => typeof value === 'number', phrase: 'a number' },
  text: { is: isText, phrase: 'a text' },
  texts: { is: (value) => Array.isArray(value) && value.every(isText), phrase: 'a list of texts' },
  list: { is: (value) => Array.isArray(value) && value.every(isObject), phrase: 'a list of objects' },
  textMap: {
    is: (value) => isObject(value) && Object.values(value).every(isText),
    phrase: 'names with texts for values',
  },
  object: { is: isObject, phrase: 'an object' },
  // By what they can do: another copy of aws-cdk-lib has classes of its own.
  duration: { is: (value) => has(value, 'toSeconds'), phrase: 'a Duration, such as Duration.seconds(60)' },
  size: { is: (value) => has(value, 'toKibibytes'), phrase: 'a Size, such as Size.mebibytes(1)' },
  authorizer: {
    is: (value) => has(value, 'bindGate'),
    phrase: 'an authorizer: an ApiKeyAuthorizer, or RequestAuthorizer.fromFunction(yourFunction)',
  },
  image: {
    is: (value) => has(value, 'bind'),
    phrase: "a container image, such as AppImage.fromUri('…') or ContainerImage.fromRegistry('…')",
  },
  certificate: {
    is: (value) => has(value, 'bind'),
    phrase: 'an EdgeCertificate, such as EdgeCertificate.fromArn(arn)',
  },
  vpc: { is: (value) => has(value, 'selectSubnets'), phrase: 'a network: an ec2.Vpc, or Vpc.fromLookup(…)' },
  capacity: { is: (value) => has(value, '_createService'), phrase: 'a TaskCapacity, such as TaskCapacity.fargate()' },
  network: { is: (value) => has(value, '_bind'), phrase: 'a ServiceNetwork, such as ServiceNetwork.publicSubnets()' },
  taskDefinition: { is: (value) => has(value, 'addContainer'), phrase: 'a task definition with the app in it' },
  edge: {
    is: (value) => has(value, 'forward'),
    phrase: 'an HttpsLoadBalancer, or HttpsLoadBalancer.fromListener({ loadBalancer, listener }) of another one',
  },
  firewall: { is: (value) => has(value, 'protect'), phrase: 'a Firewall' },
  secret: {
    is: (value) => has(value, 'unsafeUnwrap'),
    phrase: "a SecretValue, such as SecretValue.secretsManager('…')",
  },
  key: { is: (value) => has(value, 'addAlias'), phrase: 'a KMS key: a kms.Key, or Key.fromKeyArn(…)' },
  role: { is: (value) => has(value, 'addToPrincipalPolicy'), phrase: 'a role: an iam.Role, or Role.fromRoleArn(…)' },
  function: { is: (value) => has(value, 'grantInvoke'), phrase: 'a Lambda function' },
} as const satisfies Readonly<Record<string, Kind>>;

/** Names of props and what each holds. */
export type Kinds = Readonly<Record<string, keyof typeof KIND>>;

/**
 * Checks what kind of value each given prop has; what is allowed among these is checked where it is used.
 * @throws Error naming owner, prop, value and what is allowed.
 */
export function checkKinds(owner: string, props: unknown, kinds: Kinds, required: readonly string[] = []): void {
  if (!isObject(props)) throw new Error(`${owner}: props must be an object, got ${shown(props)}`);
  const given = props as Readonly<Record<string, unknown>>;
  for (const [prop, kind] of Object.entries(kinds)) {
    const value = given[prop];
    if (value === undefined && !required.includes(prop)) continue;
    if (Token.isUnresolved(value) || KIND[kind].is(value)) continue;
    throw new Error(
      `${owner}: ${prop} must be ${KIND[kind].phrase}, got ${value === undefined ? 'none' : shown(value)}`,
    );
  }
}

const LONGEST = 100;

/** A value as somebody wrote it, as far as that is short. */
export function shown(value: unknown): string {
  if (typeof value === 'function') return `the function ${value.name || '(without a name)'}`;
  if (isObject(value)) {
    const { name } = value.constructor ?? {};
    if (name !== undefined && name !== 'Object') return `an object of class ${name}`;
  }
  try {
    const text = JSON.stringify(value) ?? String(value);
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  } catch {
    return `a value of type ${typeof value}`;
  }
}
