import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { SYNTHESIS_PATHS } from '../../contract/names';
import type { IHttpsLoadBalancer } from '../edge/listener-rules';
import { Firewall } from '../firewall/firewall';
import { FirewallLogging } from '../firewall/firewall-logging';
import { associate } from '../firewall/web-acl-association';
import { resolveGateLimits } from '../gate/gate-limits';
import type { SecureTtsServiceProps } from './secure-tts-service-props';
import type { SpeechLimits } from './speech-limits';

/** The firewall in front of a service's load balancer; undefined: there is none, or it is somebody else's. */
export function serviceFirewall(
  scope: Construct,
  { loadBalancer, trustedHops = 1 }: IHttpsLoadBalancer,
  props: SecureTtsServiceProps,
  speech: SpeechLimits,
): Firewall | undefined {
  if (props.webAclArn !== undefined) {
    associate(scope, 'WebAclAssociation', loadBalancer.loadBalancerArn, props.webAclArn);
    return undefined;
  }
  if (props.firewallEnabled === false || (props.loadBalancer && !props.firewall)) return undefined;
  const paths = props.synthesisPaths ?? [...SYNTHESIS_PATHS];
  const limits = resolveGateLimits('SecureTtsService', props.limits);
  const firewall =
    props.firewall ??
    new Firewall(scope, 'Firewall', {
      freeTextPaths: paths,
      // Behind a proxy every request comes from one of the proxy's addresses.
      rateLimits: trustedHops > 1 ? [] : Firewall.outerNet({ limits: props.limits, synthesisPaths: paths }),
      cors: props.cors,
      maxTextCharacters: speech.maxTextCharacters,
      logging: FirewallLogging.cloudWatch({
        retention: props.logRetention,
        encryptionKey: props.logEncryptionKey,
        removalPolicy: props.logRemovalPolicy,
      }),
    });
  if (firewall._maxTextCharacters > 0 && firewall._maxTextCharacters < speech.maxTextCharacters) {
    throw new Error(
      `SecureTtsService: maxTextCharacters is ${speech.maxTextCharacters}, but firewall refuses texts of more than ${firewall._maxTextCharacters}; give it maxTextCharacters: ${speech.maxTextCharacters} too`,
    );
  }
  if (firewall._perMinute !== undefined && firewall._perMinute < limits.requestsPerMinute) {
    Annotations.of(scope).addWarningV2(
      'voicegate:outerNet',
      `The firewall lets ${firewall._perMinute} requests a minute and address through, fewer than the gate's ${limits.requestsPerMinute}: clients meet the coarser limit first. Raise the firewall's RateLimit.perIp.`,
    );
  }
  if (trustedHops > 1) {
    Annotations.of(scope).addWarningV2(
      'voicegate:firewallBehindProxy',
      'The firewall stands behind a proxy (originHeader), whose addresses it sees instead of the clients’: rates, networks and countries belong into a web ACL of the proxy, such as that of a CloudFront distribution. Its own has no rates here.',
    );
  }
  firewall.protect(loadBalancer);
  return firewall;
}
