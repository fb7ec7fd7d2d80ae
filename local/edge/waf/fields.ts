import type { FieldToMatch } from '@aws-sdk/client-wafv2';
import type { Bytes } from './bytes.js';
import type { InspectedRequest } from './inspected-request.js';

/** Bytes of a body that AWS WAF reads behind an Application Load Balancer; the same for all headers or cookies. */
export const INSPECTED_BYTES = 8192;
const INSPECTED_FIELDS = 200;

/** What a statement looks at: some values, of which one must match, or a verdict without looking. */
export type Inspected = readonly Bytes[] | boolean;

type Field = (request: InspectedRequest) => Inspected;

/** The component of a request that a statement names, or why it is not emulated. */
export function fieldToMatch(field: FieldToMatch | undefined): Field | { readonly missing: string } {
  if (field?.UriPath) return (request) => [request.path];
  if (field?.QueryString) return (request) => [request.query];
  if (field?.Method) return (request) => [request.method];
  if (field?.AllQueryArguments) return (request) => queryArguments(request.query).map(([, value]) => value);
  if (field?.SingleQueryArgument) {
    const name = field.SingleQueryArgument.Name?.toLowerCase();
    return (request) => argumentValues(request.query, name);
  }
  if (field?.SingleHeader) {
    const name = field.SingleHeader.Name?.toLowerCase() ?? '';
    return (request) => headerValues(request, name);
  }
  if (field?.Body) {
    const oversize = field.Body.OversizeHandling;
    return (request) => limited([request.body], request.body.length, oversize);
  }
  if (field?.Headers) {
    const { MatchPattern: pattern, MatchScope, OversizeHandling } = field.Headers;
    const wanted = chooser(pattern?.IncludedHeaders, pattern?.ExcludedHeaders);
    return (request) => mapField(request.headers, wanted, MatchScope, OversizeHandling);
  }
  if (field?.Cookies) {
    const { MatchPattern: pattern, MatchScope, OversizeHandling } = field.Cookies;
    const wanted = chooser(pattern?.IncludedCookies, pattern?.ExcludedCookies);
    return (request) => mapField(cookies(request), wanted, MatchScope, OversizeHandling);
  }
  return { missing: `the field to match ${Object.keys(field ?? {}).join(', ') || 'without a name'}` };
}

export function headerValues(request: InspectedRequest, name: string): readonly Bytes[] {
  const values = request.headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  return values.length === 0 ? [] : [values.join(name === 'cookie' ? '; ' : ',')];
}

export function argumentValues(query: Bytes, name: string | undefined): readonly Bytes[] {
  return queryArguments(query).flatMap(([key, value]) => (key.toLowerCase() === name ? [value] : []));
}

export function cookies(request: InspectedRequest): readonly (readonly [Bytes, Bytes])[] {
  return headerValues(request, 'cookie')
    .flatMap((header) => header.split(';'))
    .map((pair) => split(pair.trim()));
}

function queryArguments(query: Bytes): readonly (readonly [Bytes, Bytes])[] {
  return query === '' ? [] : query.split('&').map(split);
}

function split(pair: Bytes): readonly [Bytes, Bytes] {
  const equals = pair.indexOf('=');
  return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
}

function chooser(
  included: readonly string[] | undefined,
  excluded: readonly string[] | undefined,
): (name: string) => boolean {
  const set = new Set((included ?? excluded ?? []).map((name) => name.toLowerCase()));
  if (included) return (name) => set.has(name.toLowerCase());
  return (name) => !set.has(name.toLowerCase());
}

function mapField(
  pairs: readonly (readonly [Bytes, Bytes])[],
  wanted: (name: string) => boolean,
  scope: string | undefined,
  oversize: string | undefined,
): Inspected {
  const size = pairs.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  const values = pairs
    .filter(([name]) => wanted(name))
    .flatMap(([name, value]) => (scope === 'KEY' ? [name] : scope === 'VALUE' ? [value] : [name, value]));
  return limited(values, pairs.length > INSPECTED_FIELDS ? Number.POSITIVE_INFINITY : size, oversize);
}

function limited(values: readonly Bytes[], size: number, oversize: string | undefined): Inspected {
  if (size <= INSPECTED_BYTES) return values;
  if (oversize === 'MATCH') return true;
  if (oversize === 'NO_MATCH') return false;
  return values.map((value) => value.slice(0, INSPECTED_BYTES));
}
