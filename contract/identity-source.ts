/** Identity sources of a foreign authorizer, written as API Gateway's HTTP APIs write them. */

export type IdentitySource =
  /** `name` in lower case. */
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'querystring'; readonly name: string }
  | { readonly kind: 'stageVariable'; readonly name: string }
  | { readonly kind: 'context'; readonly name: ContextName };

/** A name with an underscore never arrives: nginx drops such headers, as web servers take them for their dashed twins. */
const HEADER = /^\$request\.header\.([A-Za-z0-9!#$%&'*+.^`|~-]+)$/;
const QUERY = /^\$request\.querystring\.(.+)$/;
const STAGE_VARIABLE = /^\$stageVariables\.([A-Za-z0-9_]+)$/;

const CONTEXT_NAMES = ['httpMethod', 'path', 'routeKey', 'identity.sourceIp'] as const;
type ContextName = (typeof CONTEXT_NAMES)[number];

/** What is allowed, in words. */
export const IDENTITY_SOURCES = [
  ...['$request.header.NAME', '$request.querystring.NAME', '$stageVariables.NAME'],
  ...CONTEXT_NAMES.map((name) => `$context.${name}`),
].join(', ');

/** Undefined for what is none. */
export function parseIdentitySource(source: string): IdentitySource | undefined {
  const header = HEADER.exec(source)?.[1];
  if (header !== undefined) return { kind: 'header', name: header.toLowerCase() };
  const parameter = QUERY.exec(source)?.[1];
  if (parameter !== undefined) return { kind: 'querystring', name: parameter };
  const variable = STAGE_VARIABLE.exec(source)?.[1];
  if (variable !== undefined) return { kind: 'stageVariable', name: variable };
  const context = CONTEXT_NAMES.find((name) => source === `$context.${name}`);
  return context && { kind: 'context', name: context };
}

/** `$default`, or method and path as a route of an HTTP API names them: `GET /orders/{id}`, `ANY /{proxy+}`. */
export const ROUTE_KEY = /^(\$default|(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|ANY) \/[\x21-\x7e]{0,1023})$/;
export const DEFAULT_ROUTE_KEY = '$default';

/** What API Gateway allows in the name of a stage variable, and in its value. */
export const STAGE_VARIABLE_NAME = /^[A-Za-z0-9_]{1,64}$/;
export const STAGE_VARIABLE_VALUE = /^[A-Za-z0-9\-._~:/?#&=,]{1,512}$/;
