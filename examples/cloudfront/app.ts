import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Peer } from 'aws-cdk-lib/aws-ec2';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { AppImage, EdgeCertificate, SecureTtsService } from 'voicegate';

const app = new App();
const stack = new Stack(app, 'CloudFront', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});

// CloudFront wants a certificate that it can verify, for the name by which it calls the load balancer.
const originName = app.node.tryGetContext('originName') ?? 'origin.tts.example.com';
const certificateArn = app.node.tryGetContext('certificateArn');
// Of com.amazonaws.global.cloudfront.origin-facing in your region: aws ec2 describe-managed-prefix-lists
const prefixList = app.node.tryGetContext('cloudFrontPrefixList');

const secret = new Secret(stack, 'OriginSecret', {
  description: 'What CloudFront tells the load balancer, and nobody else knows',
  generateSecretString: { passwordLength: 64, excludePunctuation: true },
});

new SecureTtsService(stack, 'Tts', {
  image: AppImage.bundled(),
  certificate: certificateArn ? EdgeCertificate.fromArn(certificateArn) : EdgeCertificate.selfSigned(),
  domainNames: [originName],
  loadBalancerOptions: {
    originHeader: { value: secret.secretValue },
    redirectHttp: false,
    allowedPeers: prefixList ? [Peer.prefixList(prefixList)] : undefined,
  },
  // A web ACL belongs to the distribution (webAclId, made in us-east-1): at the load balancer it sees CloudFront's addresses.
  firewallEnabled: false,
  // CloudFront waits no longer, unless AWS raises the quota.
  longestRequest: Duration.seconds(60),
  environment: { GREETING: app.node.tryGetContext('greeting') ?? 'hello' },
});

const distribution = new Distribution(stack, 'Distribution', {
  comment: 'Text to speech',
  defaultBehavior: {
    origin: new HttpOrigin(originName, {
      protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
      readTimeout: Duration.seconds(60),
      customHeaders: { 'X-Origin-Verify': secret.secretValue.unsafeUnwrap() },
    }),
    allowedMethods: AllowedMethods.ALLOW_ALL,
    viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
    // Speech is made for one caller, whose credential decides.
    cachePolicy: CachePolicy.CACHING_DISABLED,
    originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
  },
});
new CfnOutput(stack, 'Url', { value: `https://${distribution.distributionDomainName}` });

app.synth();
