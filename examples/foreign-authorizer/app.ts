import { join } from 'node:path';
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { AppImage, EdgeCertificate, RequestAuthorizer, SecureTtsService } from 'voicegate';

const app = new App();
const stack = new Stack(app, 'Foreign', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});

const authorizer = new LambdaFunction(stack, 'Authorizer', {
  runtime: Runtime.PYTHON_3_13,
  handler: 'index.handler',
  code: Code.fromAsset(join(__dirname, 'authorizer')),
  logGroup: new LogGroup(stack, 'AuthorizerLog', { removalPolicy: RemovalPolicy.DESTROY }),
  // printf %s "$TOKEN" | sha256sum; without it nobody is allowed.
  environment: { TOKEN_SHA256: app.node.tryGetContext('tokenSha256') ?? '' },
});

new SecureTtsService(stack, 'Tts', {
  image: AppImage.bundled(),
  certificate: EdgeCertificate.selfSigned(),
  authorizer: RequestAuthorizer.fromFunction(authorizer, {
    identitySource: ['$request.header.Authorization'],
    ttl: Duration.minutes(1),
  }),
  environment: { GREETING: app.node.tryGetContext('greeting') ?? 'hello' },
});

app.synth();
