import { App, Stack } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { EdgeCertificate, Firewall, HttpsLoadBalancer } from '../../../lib';

// A load balancer whose certificate comes from an authority that speaks ACME; there is no service behind it.
const app = new App();
const stack = new Stack(app, 'Certificate', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});
const edge = new HttpsLoadBalancer(stack, 'Edge', {
  vpc: new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0 }),
  certificate: EdgeCertificate.letsEncrypt({ email: 'ops@example.com' }),
  domainNames: ['tts.example.com', 'speech.example.com'],
});
new Firewall(stack, 'Firewall', { allowedCountries: ['DE'] }).protect(edge.loadBalancer);
app.synth();
