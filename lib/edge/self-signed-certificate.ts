import { ArnFormat, CustomResource, Duration, Stack, Token } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import {
  CERTIFICATE_STACK_TAG,
  type CertificateProperties,
  type RenewalEvent,
} from '../../contract/certificate-properties';
import { acknowledge } from '../shared/acknowledge';
import { createBundledFunction } from '../shared/bundled-function';
import { checkInteger } from '../shared/checks';
import { type LogOptions, logOptions } from '../shared/log-options';

/** Clients refuse certificates that are valid longer than this. */
const LONGEST_VALIDITY_DAYS = 397;

/** @internal */
export interface SelfSignedCertificateProps extends LogOptions {
  /** Subject alternative names. */
  readonly domainNames: readonly string[];
  /** Default 365 days. */
  readonly validity?: Duration;
}

/**
 * A self-signed certificate in AWS Certificate Manager. Its key is made inside a Lambda function, handed to
 * ImportCertificate and forgotten; the same function renews it every day that it is due.
 *
 * @internal
 */
export class SelfSignedCertificate extends Construct {
  public readonly certificate: acm.ICertificate;
  /** The function that makes it. */
  public readonly handler: lambda.Function;

  constructor(scope: Construct, id: string, props: SelfSignedCertificateProps) {
    super(scope, id);
    const days = props.validity?.toDays() ?? 365;
    checkInteger('EdgeCertificate.selfSigned: validity in days', days, 60, LONGEST_VALIDITY_DAYS);
    const handler = this.createFunction(logOptions(props));
    this.handler = handler;
    const properties: CertificateProperties = {
      // A common name holds 64 characters and load balancer names reach 76; clients look at the alternative names.
      commonName: 'voicegate',
      domainNames: props.domainNames,
      validityDays: String(days),
      tags: { [CERTIFICATE_STACK_TAG]: Stack.of(this).stackId },
    };
    const resource = new CustomResource(this, 'Resource', {
      resourceType: 'Custom::SelfSignedCertificate',
      serviceToken: handler.functionArn,
      serviceTimeout: Duration.minutes(14),
      properties,
    });
    // Without it the function could lose its rights before it deletes the certificate.
    if (handler.role) resource.node.addDependency(handler.role);
    const renewal: RenewalEvent = { renew: { certificateArn: resource.ref, properties } };
    new events.Rule(this, 'Renewal', {
      description: 'Renews the self-signed certificate before it expires',
      schedule: events.Schedule.rate(Duration.days(1)),
      targets: [new targets.LambdaFunction(handler, { event: events.RuleTargetInput.fromObject(renewal) })],
    });
    this.certificate = acm.Certificate.fromCertificateArn(this, 'Certificate', resource.ref);
  }

  private createFunction(logs: LogOptions): lambda.Function {
    const handler = createBundledFunction(this, {
      bundle: 'certificate',
      description: 'Makes and renews a self-signed certificate',
      memorySize: 256,
      // Deleting waits up to ten minutes for the listener to let go of the certificate.
      timeout: Duration.minutes(12),
      // A second run after a lost answer would import a second certificate.
      retryAttempts: 0,
      ...logs,
    });
    const stack = Stack.of(this);
    const certificates = stack.formatArn({
      service: 'acm',
      resource: 'certificate',
      resourceName: '*',
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    // ACM chooses the ARN, so rights follow the tag: it may tag only as this stack, and touch only what is so tagged.
    handler.addToRolePolicy(
      new iam.PolicyStatement({
        sid: 'ImportAsThisStack',
        actions: ['acm:ImportCertificate', 'acm:AddTagsToCertificate'],
        resources: [certificates],
        conditions: { StringEquals: { [`aws:RequestTag/${CERTIFICATE_STACK_TAG}`]: stack.stackId } },
      }),
    );
    handler.addToRolePolicy(
      new iam.PolicyStatement({
        sid: 'ManageOfThisStack',
        actions: ['acm:ImportCertificate', 'acm:GetCertificate', 'acm:DeleteCertificate'],
        resources: [certificates],
        conditions: { StringEquals: { [`aws:ResourceTag/${CERTIFICATE_STACK_TAG}`]: stack.stackId } },
      }),
    );
    acknowledge(handler.role ?? handler, {
      [`AwsSolutions-IAM5[Resource::${inFinding(stack)}]`]:
        'ACM chooses the ARN of an imported certificate; both statements are bound to the tag of this stack instead.',
    });
    return handler;
  }
}

/** The ARN of all certificates as cdk-nag writes it in its findings: what is unknown at synthesis in angle brackets. */
function inFinding(stack: Stack): string {
  const part = (value: string, name: string) => (Token.isUnresolved(value) ? `<AWS::${name}>` : value);
  const [partition, region, account] = [
    part(stack.partition, 'Partition'),
    part(stack.region, 'Region'),
    part(stack.account, 'AccountId'),
  ];
  return `arn:${partition}:acm:${region}:${account}:certificate/*`;
}
