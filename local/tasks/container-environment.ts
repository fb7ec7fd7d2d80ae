import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import type { LocalAws } from '../contracts.js';
import { localizeArgument, localizePath, localizeValue, type Namespace } from './localize.js';
import type { Launch } from './runners/index.js';

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface EnvironmentInput {
  readonly aws: LocalAws;
  readonly definition: ContainerDefinition;
  readonly launch: Launch;
  readonly namespace: Namespace;
  readonly secrets: Readonly<Record<string, string>>;
  /** Where the task's credentials and metadata are. */
  readonly endpoint: Readonly<Record<string, string>>;
  readonly home: string;
  readonly temporary: string;
}

/** The whole environment of a container: nothing of this process's own is inherited. */
export function containerEnvironment(input: EnvironmentInput): Record<string, string> {
  const { aws, definition, launch, namespace } = input;
  const local = (values: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, localizeValue(value, namespace)]));
  const defined = Object.fromEntries(
    (definition.environment ?? []).map(({ name, value }) => [name ?? '', value ?? '']),
  );
  const { PATH, ...rest } = { ...local(launch.imageEnv), ...local(defined), ...input.secrets };
  return {
    LANG: 'C.UTF-8',
    HOME: input.home,
    TMPDIR: input.temporary,
    AWS_REGION: aws.region,
    AWS_DEFAULT_REGION: aws.region,
    AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
    ...Object.fromEntries(Object.entries(aws.env).filter(([name]) => /^AWS_ENDPOINT_URL(?:_|$)/.test(name))),
    ...input.endpoint,
    ...rest,
    ...launch.localEnv,
    PATH: [...launch.path, PATH ?? SYSTEM_PATH].join(':'),
  };
}

export function containerCommand({ entryPoint, command }: Launch, namespace: Namespace): string[] {
  return [...entryPoint, ...command].map((argument) => localizeArgument(argument, namespace));
}

export function containerDirectory({ workingDirectory }: Launch, namespace: Namespace): string {
  return localizePath(workingDirectory, namespace);
}
