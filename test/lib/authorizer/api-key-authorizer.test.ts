import { Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as apigatewayv2 from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpUrlIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import { describe, expect, it } from 'vitest';
import { AUTHORIZER_ENV } from '../../../contract/names';
import { readTokenIssuers } from '../../../lambda/authorizer/token-issuers';
import { ApiKeyAuthorizer, type ApiKeyAuthorizerProps, TokenAlgorithm, type TokenIssuer } from '../../../lib';
import { only, TestStack } from '../support/stack';

function authorizer(props?: ApiKeyAuthorizerProps) {
  const stack = new TestStack();
  const construct = new ApiKeyAuthorizer(stack, 'Authorizer', props);
  return { stack, construct, template: () => Template.fromStack(stack) };
}

describe('ApiKeyAuthorizer', () => {
  it('keeps its key table when the stack goes, can restore it, and lets dead keys expire', () => {
    const { template } = authorizer();
    template().hasResource('AWS::DynamoDB::GlobalTable', {
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'keyId', KeyType: 'HASH' }],
        TimeToLiveSpecification: { AttributeName: 'deleteAt', Enabled: true },
        GlobalSecondaryIndexes: [
          Match.objectLike({ IndexName: 'owner', KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }] }),
        ],
        Replicas: [Match.objectLike({ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } })],
      },
    });
  });

  it('names the table in an output that ends in KeyTableName, whatever its scope', () => {
    const outputs = authorizer().template().findOutputs('*');
    expect(Object.keys(outputs)).toEqual([expect.stringMatching(/KeyTableName[0-9A-F]{8}$/)]);
  });

  it('tells the key prefix in an output when it is not the default one', () => {
    const outputs = authorizer({ keyPrefix: 'acme' }).template().findOutputs('*');
    expect(Object.entries(outputs).find(([name]) => name.includes('KeyPrefix'))?.[1]).toMatchObject({ Value: 'acme' });
  });

  it('works with the table of an earlier stack, and makes none', () => {
    const stack = new TestStack();
    const keyTable = dynamodb.TableV2.fromTableName(stack, 'Left', 'left-behind');
    new ApiKeyAuthorizer(stack, 'Authorizer', { keyTable });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::DynamoDB::GlobalTable', 0);
    expect(JSON.stringify(only(template, 'AWS::Lambda::Function').Environment)).toContain('left-behind');
  });

  it('runs the shipped bundle on Node.js 24, with what it needs to know in its environment', () => {
    const { template, construct, stack } = authorizer({
      positiveTtl: Duration.seconds(30),
      negativeTtl: Duration.seconds(5),
    });
    template().hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Architectures: ['arm64'],
      Timeout: 5,
      Environment: {
        Variables: {
          [AUTHORIZER_ENV.keyTable]: stack.resolve(construct.keyTable.tableName),
          [AUTHORIZER_ENV.keyPrefix]: 'vg',
          [AUTHORIZER_ENV.positiveTtl]: '30',
          [AUTHORIZER_ENV.negativeTtl]: '5',
        },
      },
    });
  });

  it('is invoked by an alias, so that a gate never meets a half-deployed version', () => {
    const { template } = authorizer();
    template().hasResourceProperties('AWS::Lambda::Alias', { Name: 'live' });
    template().resourceCountIs('AWS::Lambda::Version', 1);
  });

  it('keeps the function log for a month and no longer than the stack', () => {
    authorizer()
      .template()
      .hasResource('AWS::Logs::LogGroup', {
        DeletionPolicy: 'Delete',
        Properties: { RetentionInDays: 30 },
      });
  });

  it('may be held to a number of concurrent executions', () => {
    const { template } = authorizer({ reservedConcurrentExecutions: 20 });
    expect(only(template(), 'AWS::Lambda::Function').ReservedConcurrentExecutions).toBe(20);
  });

  it('protects a new table from deletion on request', () => {
    const table = only(authorizer({ deletionProtection: true }).template(), 'AWS::DynamoDB::GlobalTable');
    expect(table.Replicas).toEqual([expect.objectContaining({ DeletionProtectionEnabled: true })]);
  });

  it('lets a key manager work on this table and its index alone', () => {
    const { stack, construct } = authorizer();
    const role = new iam.Role(stack, 'Manager', { assumedBy: new iam.AccountRootPrincipal() });
    construct.grantManageKeys(role);
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: [
              'dynamodb:GetItem',
              'dynamodb:PutItem',
              'dynamodb:UpdateItem',
              'dynamodb:DeleteItem',
              'dynamodb:Query',
              'dynamodb:Scan',
            ],
            Resource: [
              stack.resolve(construct.keyTable.tableArn),
              stack.resolve(`${construct.keyTable.tableArn}/index/*`),
            ],
          },
        ],
      },
      Roles: [{ Ref: Match.stringLikeRegexp('^Manager') }],
    });
  });

  it('hands its issuers of tokens to the function, which reads what it was given', () => {
    const tokenIssuers: TokenIssuer[] = [
      { issuer: 'https://idp.example', audiences: ['speech'] },
      {
        issuer: 'https://login.example/tenant',
        audiences: ['a', 'b'],
        audienceClaim: 'client_id',
        algorithms: [TokenAlgorithm.ES256],
        requiredClaims: { token_use: ['access'], email_verified: [true] },
        clockSkew: Duration.seconds(5),
      },
    ];
    const properties = only(authorizer({ tokenIssuers }).template(), 'AWS::Lambda::Function');
    const { Variables } = properties.Environment as { readonly Variables: Readonly<Record<string, string>> };
    expect(readTokenIssuers(Variables[AUTHORIZER_ENV.tokenIssuers])).toEqual([
      tokenIssuers[0],
      { ...tokenIssuers[1], clockSkew: 5 },
    ]);
  });

  it('takes an issuer whose URL is known only at deployment', () => {
    const stack = new TestStack();
    const pool = new cognito.UserPool(stack, 'Pool');
    const client = pool.addClient('Client');
    new ApiKeyAuthorizer(stack, 'Authorizer', {
      tokenIssuers: [
        { issuer: pool.userPoolProviderUrl, audiences: [client.userPoolClientId], audienceClaim: 'client_id' },
      ],
    });
    const functions = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
    expect(JSON.stringify(functions)).toContain('TOKEN_ISSUERS');
  });

  it('has no issuers of tokens in its environment by default', () => {
    expect(JSON.stringify(only(authorizer().template(), 'AWS::Lambda::Function'))).not.toContain('TOKEN_ISSUERS');
  });

  it('refuses issuers that do not fit into the environment of a function', () => {
    const audiences = Array.from({ length: 20 }, () => 'a'.repeat(200));
    expect(() => authorizer({ tokenIssuers: [{ issuer: 'https://idp.example', audiences }] })).toThrow(
      /tokenIssuers must take at most 3000 characters as JSON, got 4\d{3}/,
    );
  });

  it.each<[ApiKeyAuthorizerProps, RegExp]>([
    [
      { tokenIssuers: [{ issuer: 'http://idp.example', audiences: ['a'] }] },
      /tokenIssuers\[0\]\.issuer must be an https URL.*got "http:\/\/idp\.example"/,
    ],
    [
      { tokenIssuers: [{ issuer: 'https://idp.example', audiences: [] }] },
      /tokenIssuers\[0\]\.audiences must be a list of at least one text, got \[\]/,
    ],
    [
      { tokenIssuers: [{ issuer: 'https://idp.example', audiences: ['a'], clockSkew: Duration.minutes(6) }] },
      /tokenIssuers\[0\]\.clockSkew must be .* from 0 to 300, got 360/,
    ],
    [{ keyPrefix: 'A_B' }, /key prefix must be 1 to 12 characters.*got "A_B"/],
    [{ positiveTtl: Duration.hours(2) }, /positiveTtl must be whole seconds from 0 to 3600, got 7200 s/],
    [{ negativeTtl: Duration.millis(500) }, /negativeTtl must be whole seconds from 0 to 3600, got 0.5 s/],
    [{ memorySize: 64 }, /memorySize must be a whole number from 128 to 10240, got 64/],
    [{ reservedConcurrentExecutions: 0 }, /reservedConcurrentExecutions must be a whole number from 1/],
  ])('refuses %o, saying what is allowed', (props, message) => {
    expect(() => authorizer(props)).toThrow(message);
  });

  it('guards routes of an HTTP API, asking for every request', () => {
    const { stack, construct, template } = authorizer();
    const api = new apigatewayv2.HttpApi(stack, 'Api', { defaultAuthorizer: construct });
    const integration = new HttpUrlIntegration('Site', 'https://example.org');
    for (const path of ['/a', '/b']) api.addRoutes({ path, integration });
    const found = only(template(), 'AWS::ApiGatewayV2::Authorizer');
    expect(found).toMatchObject({
      AuthorizerType: 'REQUEST',
      AuthorizerPayloadFormatVersion: '2.0',
      EnableSimpleResponses: true,
      IdentitySource: ['$request.header.x-api-key'],
      AuthorizerResultTtlInSeconds: 0,
    });
    expect(JSON.stringify(found.AuthorizerUri)).toContain('AuthorizerLive');
    const routes = Object.values(template().findResources('AWS::ApiGatewayV2::Route'));
    expect(routes.map(({ Properties }) => Properties.AuthorizationType)).toEqual(['CUSTOM', 'CUSTOM']);
  });

  it('guards methods of a REST API', () => {
    const { stack, construct, template } = authorizer();
    const api = new apigateway.RestApi(stack, 'Api');
    api.root.addMethod('GET', new apigateway.MockIntegration(), {
      authorizer: construct.restApiAuthorizer(stack, 'RestAuthorizer'),
    });
    template().hasResourceProperties('AWS::ApiGateway::Authorizer', {
      Type: 'REQUEST',
      IdentitySource: 'method.request.header.x-api-key',
      AuthorizerResultTtlInSeconds: 0,
    });
    template().hasResourceProperties('AWS::ApiGateway::Method', { AuthorizationType: 'CUSTOM' });
  });
});
