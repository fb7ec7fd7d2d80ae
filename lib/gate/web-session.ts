import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { GATE_RANGES } from '../../contract/gate-ranges';
import { GATE_ENV } from '../../contract/names';
import { acknowledge } from '../shared/acknowledge';
import { checkSecondsIn } from '../shared/checks';
import type { GateProps } from './gate-props';

type SessionOptions = Pick<GateProps, 'webSession' | 'webSessionDuration' | 'webSessionSecret'>;

/** What the gate is told of sessions; undefined: there are none. @throws Error naming a wrong prop. */
export function gateSession(options: SessionOptions): { readonly lifetime: number } | undefined {
  if (!options.webSession) {
    for (const name of ['webSessionDuration', 'webSessionSecret'] as const) {
      if (options[name] !== undefined) throw new Error(`AuthorizerGate: ${name} needs webSession: true`);
    }
    return undefined;
  }
  const { webSessionDuration = Duration.hours(12) } = options;
  return { lifetime: checkSecondsIn('AuthorizerGate: webSessionDuration', webSessionDuration, GATE_RANGES.lifetime) };
}

/** The container secret of which the keys of sessions are made. */
export function sessionSecrets(scope: Construct, options: SessionOptions): Record<string, ecs.Secret> | undefined {
  if (!options.webSession) return undefined;
  return { [GATE_ENV.sessionSecret]: ecs.Secret.fromSecretsManager(options.webSessionSecret ?? createSecret(scope)) };
}

function createSecret(scope: Construct): secretsmanager.ISecret {
  const secret = new secretsmanager.Secret(scope, 'SessionSecret', {
    description:
      'Encrypts the session cookies of browsers. While it is being changed: {"current": new, "previous": old}',
    // 64 letters and digits: more than 256 bits.
    generateSecretString: {
      secretStringTemplate: '{}',
      generateStringKey: 'current',
      passwordLength: 64,
      excludePunctuation: true,
    },
    // Losing it only ends sessions.
    removalPolicy: RemovalPolicy.DESTROY,
  });
  acknowledge(secret, {
    'AwsSolutions-SMG4':
      'Tasks read it when they start, so a rotation must be followed by a deployment; docs/gate.md says how.',
  });
  return secret;
}
