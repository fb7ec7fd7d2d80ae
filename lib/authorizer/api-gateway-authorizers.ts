import { Duration } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import type { IHttpRouteAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaAuthorizer, HttpLambdaResponseType } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { KEY_HEADER } from '../../contract/names';

/**
 * API Gateway caches an answer by its identity source alone. A key may be bound to paths, methods and addresses, so a
 * cached answer for one request must not serve another: no caching.
 */
const NO_CACHE = Duration.seconds(0);

export function httpApiAuthorizer(id: string, handler: lambda.IFunction): IHttpRouteAuthorizer {
  return new HttpLambdaAuthorizer(id, handler, {
    responseTypes: [HttpLambdaResponseType.SIMPLE],
    identitySource: [`$request.header.${KEY_HEADER}`],
    resultsCacheTtl: NO_CACHE,
  });
}

export function restApiAuthorizer(scope: Construct, id: string, handler: lambda.IFunction): apigateway.Authorizer {
  return new apigateway.RequestAuthorizer(scope, id, {
    handler,
    identitySources: [apigateway.IdentitySource.header(KEY_HEADER)],
    resultsCacheTtl: NO_CACHE,
  });
}
