/** What the options say about one route. */

import type { GateOptions } from '../../../contract/gate-options';
import { matchesPath } from '../../../contract/path-pattern';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Methods that the gate lets through at all; others are 405. */
export function isKnownMethod(method: string): boolean {
  return METHODS.has(method);
}

/** Whether the route needs no credential. HEAD is as public as GET. */
export function isPublic(options: Pick<GateOptions, 'publicRoutes'>, method: string, path: string): boolean {
  const { publicRoutes } = options;
  for (let i = 0; i < publicRoutes.length; i++) {
    const route = publicRoutes[i];
    if (route === undefined || !matchesPath(route.path, path)) continue;
    if (route.method === '*' || route.method === method || (route.method === 'GET' && method === 'HEAD')) return true;
  }
  return false;
}

export function isSynthesis(options: Pick<GateOptions, 'synthesisPaths'>, path: string): boolean {
  const { synthesisPaths } = options;
  for (let i = 0; i < synthesisPaths.length; i++) {
    const pattern = synthesisPaths[i];
    if (pattern !== undefined && matchesPath(pattern, path)) return true;
  }
  return false;
}

const NONE: readonly string[] = [];

/** Scopes that the first matching route asks for. */
export function requiredScopes(options: Pick<GateOptions, 'requiredScopes'>, path: string): readonly string[] {
  const { requiredScopes: routes } = options;
  return routes.length === 0 ? NONE : (routes.find((route) => matchesPath(route.path, path))?.scopes ?? NONE);
}
