import { CustomResource, Duration, Stack } from 'aws-cdk-lib';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import {
  ACCOUNT_KEY_RESOURCE,
  type AccountKeyProperties,
  LETS_ENCRYPT,
  ORDER_ENV,
  ORDER_TAGS,
  type OrderSettings,
} from '../../contract/acme';
import { acknowledge } from '../shared/acknowledge';
import { createBundledFunction } from '../shared/bundled-function';
import { type LogOptions, logOptions } from '../shared/log-options';
import { ChallengeResponder } from './challenge-responder';
import type { LetsEncryptOptions } from './lets-encrypt-options';
import type { SelfSignedCertificate } from './self-signed-certificate';

/** Lambda's environment takes 4 KB in all. */
const SETTINGS_LENGTH = 3500;

/** @internal */
export interface AcmeOrdersProps extends LetsEncryptOptions, LogOptions {
  /** What there is until the first order succeeds: every certificate is imported under its ARN. */
  readonly selfSigned: SelfSignedCertificate;
  readonly domainNames: readonly string[];
  readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  /** Its listener on port 80. */
  readonly httpListener: elbv2.IApplicationListener;
}

/**
 * Orders a certificate by ACME when the domain names lead to the load balancer, renews it, and imports each under one
 * ARN: a function on a schedule. The account's key lies in a secret.
 *
 * @internal
 */
export class AcmeOrders extends Construct {
  /** The function that orders. */
  public readonly handler: lambda.Function;

  constructor(scope: Construct, id: string, props: AcmeOrdersProps) {
    super(scope, id);
    // Without a value: the function that makes certificates writes the key, and tells the thumbprint.
    const accountKey = new secretsmanager.CfnSecret(this, 'AccountKey', {
      description: 'Private key of the account at the certificate authority',
    });
    acknowledge(accountKey, {
      'AwsSolutions-SMG4': 'Another key is another account, and the answers to challenges are of this one.',
    });
    const account = this.createAccount(accountKey.ref, props);
    new ChallengeResponder(this, 'Challenges', {
      loadBalancer: props.loadBalancer,
      listener: props.httpListener,
      thumbprint: account.getAttString('Thumbprint'),
      ...logOptions(props),
    });
    this.handler = this.createFunction(orderSettings(props, accountKey.ref, account.getAttString('Since')), props);
    new events.Rule(this, 'Schedule', {
      description: 'Orders and renews the certificate when it is time',
      schedule: events.Schedule.rate(Duration.hours(1)),
      targets: [new targets.LambdaFunction(this.handler)],
    });
  }

  private createAccount(accountKeySecretArn: string, { selfSigned, domainNames }: AcmeOrdersProps): CustomResource {
    selfSigned.handler.addToRolePolicy(
      new iam.PolicyStatement({
        sid: 'MakeAccountKey',
        actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'],
        resources: [accountKeySecretArn],
      }),
    );
    const properties: AccountKeyProperties = { accountKeySecretArn, domainNames };
    const account = new CustomResource(this, 'Account', {
      resourceType: ACCOUNT_KEY_RESOURCE,
      serviceToken: selfSigned.handler.functionArn,
      serviceTimeout: Duration.minutes(3),
      properties,
    });
    if (selfSigned.handler.role) account.node.addDependency(selfSigned.handler.role);
    return account;
  }

  private createFunction(settings: OrderSettings, props: AcmeOrdersProps): lambda.Function {
    const text = JSON.stringify(settings);
    if (text.length > SETTINGS_LENGTH) {
      throw new Error(
        `EdgeCertificate.letsEncrypt: domainNames, rootCertificate and the other options take ${text.length} characters together, ` +
          `at most ${SETTINGS_LENGTH} are allowed; give fewer or shorter names, or a root with a shorter key`,
      );
    }
    const handler = createBundledFunction(this, {
      bundle: 'acme-order',
      description: "Orders, imports and renews the load balancer's certificate",
      memorySize: 512,
      timeout: Duration.minutes(5),
      ...logOptions(props),
      environment: { [ORDER_ENV.settings]: Stack.of(this).toJsonString(settings) },
      // The next run is the second try.
      retryAttempts: 0,
    });
    handler.addToRolePolicy(
      new iam.PolicyStatement({
        sid: 'ReplaceCertificate',
        actions: ['acm:GetCertificate', 'acm:ImportCertificate', 'acm:ListTagsForCertificate'],
        resources: [settings.certificateArn],
      }),
    );
    handler.addToRolePolicy(
      new iam.PolicyStatement({
        sid: 'RememberOrders',
        actions: ['acm:AddTagsToCertificate'],
        resources: [settings.certificateArn],
        conditions: {
          'ForAllValues:StringEquals': { 'aws:TagKeys': Object.values(ORDER_TAGS) },
          Null: { 'aws:TagKeys': 'false' },
        },
      }),
    );
    handler.addToRolePolicy(
      new iam.PolicyStatement({
        sid: 'ReadAccountKey',
        actions: ['secretsmanager:GetSecretValue'],
        resources: [settings.accountKeySecretArn],
      }),
    );
    props.externalAccount?.hmacKey.grantRead(handler);
    return handler;
  }
}

function orderSettings(props: AcmeOrdersProps, accountKeySecretArn: string, wantedSince: string): OrderSettings {
  const { email, profile, rootCertificate, externalAccount } = props;
  return {
    certificateArn: props.selfSigned.certificate.certificateArn,
    accountKeySecretArn,
    domainNames: props.domainNames,
    loadBalancerDnsName: props.loadBalancer.loadBalancerDnsName,
    directoryUrl: props.directoryUrl ?? LETS_ENCRYPT.production,
    wantedSince,
    ...(email !== undefined && { email }),
    ...(profile !== undefined && { profile }),
    ...(rootCertificate !== undefined && { rootCertificate }),
    ...(externalAccount !== undefined && {
      externalAccount: { keyId: externalAccount.keyId, hmacKeySecretArn: externalAccount.hmacKey.secretArn },
    }),
  };
}
