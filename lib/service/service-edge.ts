import { Annotations, Duration } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { SYNTHESIS_PATHS } from '../../contract/names';
import { HttpsLoadBalancer } from '../edge/https-load-balancer';
import type { IHttpsLoadBalancer } from '../edge/listener-rules';
import { idleTimeoutSeconds } from '../gate/gate-bundle';
import { checkExclusive } from '../shared/checks';
import { logOptions } from '../shared/log-options';
import type { SecureTtsServiceProps } from './secure-tts-service-props';

/** The load balancer of a service: the given one, or a new one in its network. */
export function serviceEdge(
  scope: Construct,
  vpc: ec2.IVpc,
  props: SecureTtsServiceProps,
  longestRequest: number,
): IHttpsLoadBalancer {
  if (props.loadBalancer) {
    if (props.certificate) {
      throw new Error(
        'SecureTtsService: give only one of loadBalancer, certificate; got both. The certificate of an existing listener belongs to who made it: ' +
          'add yours there. EdgeCertificate.letsEncrypt needs a load balancer that HttpsLoadBalancer makes; for an existing one request a ' +
          'certificate that is validated by DNS ("voicegate certificate request")',
      );
    }
    // They would be lost without a word: the load balancer has its own.
    for (const name of ['hostedZone', 'domainNames', 'loadBalancerOptions'] as const) {
      checkExclusive('SecureTtsService', { loadBalancer: props.loadBalancer, [name]: props[name] });
    }
    checkIdleTimeout(scope, props.loadBalancer, longestRequest);
    return props.loadBalancer;
  }
  if (!props.certificate) {
    throw new Error(
      'SecureTtsService: give certificate (EdgeCertificate.letsEncrypt, .dnsValidated, .fromArn or .selfSigned) or loadBalancer, got neither',
    );
  }
  return new HttpsLoadBalancer(scope, 'Edge', {
    vpc,
    certificate: props.certificate,
    domainNames: props.domainNames,
    hostedZone: props.hostedZone,
    idleTimeout: Duration.seconds(idleTimeoutSeconds(longestRequest)),
    ...logOptions(props),
    ...props.loadBalancerOptions,
  });
}

/** What is in this app is compared at the end of synthesis; of another one only what is said is known. */
function checkIdleTimeout(scope: Construct, { idleTimeout }: IHttpsLoadBalancer, longestRequest: number): void {
  if (idleTimeout !== undefined) return;
  Annotations.of(scope).addWarningV2(
    'voicegate:unknownIdleTimeout',
    `The load balancer was made outside this app, so its idle timeout is unknown. It must exceed longestRequest (${longestRequest} s), or longer ` +
      'requests end in 504; by default it is 60 s. Say what it is: HttpsLoadBalancer.fromListener({ …, idleTimeout })',
  );
}

/** A load balancer cannot leave the query out of its access log. */
export function warnOfLoggedText(scope: Construct, edge: IHttpsLoadBalancer, props: SecureTtsServiceProps): void {
  const paths = props.synthesisPaths ?? SYNTHESIS_PATHS;
  if (!(edge instanceof HttpsLoadBalancer && edge.logsAccess) || paths.length === 0) return;
  Annotations.of(scope).addWarningV2(
    'voicegate:textInAccessLogs',
    `Access logs hold whole URLs, for 14 days: of GET requests to ${paths.join(', ')} also the text. Clients that send it by POST leave none; loadBalancerOptions: { accessLogs: false } switches the log off.`,
  );
}
