import { App, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { ApiKeyAuthorizer } from 'voicegate';

const app = new App();
const stack = new Stack(app, 'HttpApi', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});

const keys = new ApiKeyAuthorizer(stack, 'Authorizer');
const answer = new LambdaFunction(stack, 'Answer', {
  runtime: Runtime.NODEJS_22_X,
  handler: 'index.handler',
  code: Code.fromInline(
    'exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify({ owner: event.requestContext.authorizer.lambda.principalId }) });',
  ),
  logGroup: new LogGroup(stack, 'AnswerLog', { removalPolicy: RemovalPolicy.DESTROY }),
  description: app.node.tryGetContext('greeting') ?? 'hello',
});

const api = new HttpApi(stack, 'Api', {
  defaultIntegration: new HttpLambdaIntegration('Integration', answer),
  defaultAuthorizer: keys,
});
new CfnOutput(stack, 'Url', { value: api.apiEndpoint });

app.synth();
