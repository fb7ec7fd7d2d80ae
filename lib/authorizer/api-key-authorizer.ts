import { CfnOutput, Duration, Token } from 'aws-cdk-lib';
import type * as apigateway from 'aws-cdk-lib/aws-apigateway';
import type * as apigatewayv2 from 'aws-cdk-lib/aws-apigatewayv2';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { assertKeyPrefix, DEFAULT_KEY_PREFIX } from '../../contract/api-key';
import { AUTHORIZER_ENV, KEY_TABLE, OUTPUTS } from '../../contract/names';
import { COUNTER_PREFIX } from '../../contract/quota-counter';
import { createBundledFunction } from '../shared/bundled-function';
import { checkInteger, checkSeconds } from '../shared/checks';
import { checkKinds } from '../shared/kinds';
import { LOG_KINDS, type LogOptions, logOptions } from '../shared/log-options';
import { httpApiAuthorizer, restApiAuthorizer } from './api-gateway-authorizers';
import { createApiKeyTable } from './api-key-table';
import { type IRequestAuthorizer, PayloadFormat, type RequestAuthorizerConfig } from './request-authorizer';
import { type TokenIssuer, tokenIssuersVariable } from './token-issuer';

/** A look-up takes milliseconds; a gate gives up as soon as Lambda does. */
const TIMEOUT = Duration.seconds(5);

/** Options of the API-key authorizer. */
export interface ApiKeyAuthorizerProps extends LogOptions {
  /**
   * An existing key table, such as one that an earlier stack left behind.
   * @default - a new table, kept when the stack is destroyed
   */
  readonly keyTable?: dynamodb.ITable;
  /**
   * What the keys begin with: 1 to 12 characters, a letter first, then a-z and 0-9.
   * @default "vg"
   */
  readonly keyPrefix?: string;
  /**
   * OpenID Connect issuers whose access tokens (JWT) are accepted beside keys; at most 10.
   * @default - none: only keys
   */
  readonly tokenIssuers?: TokenIssuer[];
  /**
   * How long an allow is cached, from 0 to 3600 seconds. A revoked key is refused at the latest after this time.
   * @default Duration.seconds(60)
   */
  readonly positiveTtl?: Duration;
  /**
   * How long a refusal is cached, from 0 to 3600 seconds.
   * @default Duration.seconds(10)
   */
  readonly negativeTtl?: Duration;
  /**
   * Concurrent executions that are kept for the authorizer, and that it cannot exceed.
   * @default - none: it shares the account's
   */
  readonly reservedConcurrentExecutions?: number;
  /**
   * Memory of the function in MiB, from 128 to 10240; CPU grows with it.
   * @default 256
   */
  readonly memorySize?: number;
  /**
   * CPU architecture of the function.
   * @default lambda.Architecture.ARM_64
   */
  readonly architecture?: lambda.Architecture;
  /**
   * Whether DynamoDB refuses to delete a new key table.
   * @default false
   */
  readonly deletionProtection?: boolean;
}

/**
 * Decides on API keys: a Lambda function that reads a key table. It answers API Gateway's authorizer events, so it
 * works behind a gate and behind an API gateway alike.
 */
export class ApiKeyAuthorizer extends Construct implements IRequestAuthorizer, apigatewayv2.IHttpRouteAuthorizer {
  /** The table of keys. */
  public readonly keyTable: dynamodb.ITable;
  /** The function. */
  public readonly function: lambda.Function;
  /** What gates invoke: the alias `live` of the function's current version. */
  public readonly alias: lambda.Alias;
  private httpAuthorizer?: apigatewayv2.IHttpRouteAuthorizer;
  private readonly keyPrefix: string;
  private readonly positiveTtl: Duration;
  private readonly negativeTtl: Duration;

  constructor(scope: Construct, id: string, props: ApiKeyAuthorizerProps = {}) {
    super(scope, id);
    checkKinds('ApiKeyAuthorizer', props, {
      keyTable: 'object',
      keyPrefix: 'text',
      tokenIssuers: 'list',
      positiveTtl: 'duration',
      negativeTtl: 'duration',
      reservedConcurrentExecutions: 'number',
      memorySize: 'number',
      ...LOG_KINDS,
      deletionProtection: 'boolean',
    });
    this.keyPrefix = props.keyPrefix ?? DEFAULT_KEY_PREFIX;
    if (!Token.isUnresolved(this.keyPrefix)) assertKeyPrefix(this.keyPrefix);
    this.positiveTtl = props.positiveTtl ?? Duration.seconds(60);
    this.negativeTtl = props.negativeTtl ?? Duration.seconds(10);
    const positive = checkSeconds('ApiKeyAuthorizer: positiveTtl', this.positiveTtl, 0, 3600);
    const negative = checkSeconds('ApiKeyAuthorizer: negativeTtl', this.negativeTtl, 0, 3600);
    checkInteger('ApiKeyAuthorizer: memorySize', props.memorySize, 128, 10_240);
    checkInteger('ApiKeyAuthorizer: reservedConcurrentExecutions', props.reservedConcurrentExecutions, 1, 100_000);

    this.keyTable = props.keyTable ?? createApiKeyTable(this, 'KeyTable', props.deletionProtection ?? false);
    this.function = createBundledFunction(this, {
      bundle: 'authorizer',
      description: 'Decides on API keys',
      timeout: TIMEOUT,
      memorySize: props.memorySize ?? 256,
      architecture: props.architecture,
      ...logOptions(props),
      reservedConcurrentExecutions: props.reservedConcurrentExecutions,
      environment: {
        [AUTHORIZER_ENV.keyTable]: this.keyTable.tableName,
        [AUTHORIZER_ENV.keyPrefix]: this.keyPrefix,
        [AUTHORIZER_ENV.positiveTtl]: String(positive),
        [AUTHORIZER_ENV.negativeTtl]: String(negative),
        ...(props.tokenIssuers?.length && {
          [AUTHORIZER_ENV.tokenIssuers]: tokenIssuersVariable(this, props.tokenIssuers),
        }),
      },
    });
    this.grantDecide();
    this.alias = new lambda.Alias(this, 'Live', { aliasName: 'live', version: this.function.currentVersion });

    new CfnOutput(this, OUTPUTS.keyTableName, {
      description: 'Table of the API keys; kept when the stack is destroyed',
      value: this.keyTable.tableName,
    });
    if (this.keyPrefix !== DEFAULT_KEY_PREFIX) {
      new CfnOutput(this, OUTPUTS.keyPrefix, { description: 'What API keys begin with', value: this.keyPrefix });
    }
  }

  /** Lets someone create, list, change, revoke and delete keys, as the `voicegate keys` command does. */
  public grantManageKeys(grantee: iam.IGrantable): iam.Grant {
    return iam.Grant.addToPrincipal({
      grantee,
      actions: ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query', 'Scan'].map((name) => `dynamodb:${name}`),
      resourceArns: [this.keyTable.tableArn, `${this.keyTable.tableArn}/index/*`],
    });
  }

  /** Lets someone invoke the authorizer. */
  public grantInvoke(grantee: iam.IGrantable): iam.Grant {
    return this.alias.grantInvoke(grantee);
  }

  /** Invocations that ended in an error. A refusal is no error. */
  public metricErrors(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.alias.metricErrors(options);
  }

  /** Invocations that Lambda refused for lack of concurrency. */
  public metricThrottles(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.alias.metricThrottles(options);
  }

  /**
   * Called by an HTTP API of API Gateway that is given this as its authorizer. Keys come in `X-API-Key` there, and every
   * request asks the function: API Gateway's cache knows nothing of what a key is bound to.
   */
  public bind(options: apigatewayv2.HttpRouteAuthorizerBindOptions): apigatewayv2.HttpRouteAuthorizerConfig {
    this.httpAuthorizer ??= httpApiAuthorizer(`${this.node.id}Http`, this.alias);
    return this.httpAuthorizer.bind(options);
  }

  /** The authorizer for methods of a REST API. Keys come in `X-API-Key` there, and every request asks the function. */
  public restApiAuthorizer(scope: Construct, id: string): apigateway.Authorizer {
    return restApiAuthorizer(scope, id, this.alias);
  }

  /** How a gate asks this authorizer. */
  public bindGate(): RequestAuthorizerConfig {
    return {
      handler: this.alias,
      payloadFormat: PayloadFormat.V2,
      positiveTtl: this.positiveTtl,
      negativeTtl: this.negativeTtl,
      timeout: TIMEOUT,
      keyPrefix: this.keyPrefix,
      grantsScopes: true,
    };
  }

  /** Rights by attribute: it reads single items, notes a key's use and counts quotas, but cannot make or change a key. */
  private grantDecide(): void {
    this.function.addToRolePolicy(
      new iam.PolicyStatement({
        sid: 'ReadOneItem',
        actions: ['dynamodb:GetItem'],
        resources: [this.keyTable.tableArn],
      }),
    );
    this.function.addToRolePolicy(
      new iam.PolicyStatement({
        sid: 'NoteUse',
        actions: ['dynamodb:UpdateItem'],
        resources: [this.keyTable.tableArn],
        conditions: onlyAttributes(KEY_TABLE.partitionKey, 'lastUsedAt'),
      }),
    );
    this.function.addToRolePolicy(
      new iam.PolicyStatement({
        sid: 'CountQuotas',
        actions: ['dynamodb:UpdateItem'],
        resources: [this.keyTable.tableArn],
        conditions: {
          ...onlyAttributes(KEY_TABLE.partitionKey, 'version', 'days', 'windows', 'leases', KEY_TABLE.ttlAttribute),
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${COUNTER_PREFIX}*`] },
        },
      }),
    );
  }
}

/** A condition that an update touches, and returns, these attributes only. */
function onlyAttributes(...names: string[]): { [operator: string]: { [key: string]: unknown } } {
  return {
    'ForAllValues:StringEquals': { 'dynamodb:Attributes': names },
    StringEqualsIfExists: { 'dynamodb:ReturnValues': ['NONE', 'UPDATED_OLD', 'UPDATED_NEW'] },
    // ForAllValues also holds for a request that names no attribute at all.
    Null: { 'dynamodb:Attributes': 'false' },
  };
}
