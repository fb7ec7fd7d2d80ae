/** What follows from the options and from texts of a request alone; remembered, since most requests repeat it. */

import type { GateOptions } from '../../contract/gate-options';
import { type Client, identifyClient } from './client';
import { loggablePath } from './loggable';
import { memo } from './memo';
import { isKnownMethod, isPublic, isSynthesis, requiredScopes } from './routes';
import { isPlainPath } from './target';

/** What is known of a route before anybody is asked. */
export interface Route {
  /** A plain path by a method that may ask for it, which needs a credential of Voicegate's own kinds. */
  readonly isCommon: boolean;
  readonly isSynthesis: boolean;
  readonly scopes: readonly string[];
  /** The path as a log may hold it. */
  readonly loggable: string;
}

export interface Facts {
  route(method: string, path: string): Route;
  client(forwardedFor: string | undefined, forwardedProto: string | undefined, peer: string): Client;
}

/** No header holds it. */
const SEPARATOR = '\n';

export function factsOf(options: GateOptions): Facts {
  const route = memo((text): Route => {
    const blank = text.indexOf(' ');
    const method = text.slice(0, blank);
    const path = text.slice(blank + 1);
    const isPreflight = method === 'OPTIONS' && options.cors !== undefined;
    return {
      isCommon:
        options.authorizer.identitySource === 'credential' &&
        isKnownMethod(method) &&
        isPlainPath(path) &&
        !isPreflight &&
        !isPublic(options, method, path),
      isSynthesis: isSynthesis(options, path),
      scopes: requiredScopes(options, path),
      loggable: loggablePath(path, options.keyPrefix),
    };
  });
  const client = memo((text) => {
    const [peer = '', forwardedFor, forwardedProto] = text.split(SEPARATOR);
    return identifyClient(forwardedFor || undefined, forwardedProto || undefined, peer, options.trustedHops);
  });
  return {
    route: (method, path) => route(`${method} ${path}`),
    client: (forwardedFor = '', forwardedProto = '', peer = '') =>
      client(`${peer}${SEPARATOR}${forwardedFor}${SEPARATOR}${forwardedProto}`),
  };
}
