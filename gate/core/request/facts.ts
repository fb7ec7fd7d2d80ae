/** What follows from the options and from texts of a request alone; remembered, since most requests repeat it. */

import type { GateOptions } from '../../../contract/gate-options';
import { Memo } from '../shared/memo';
import { type Client, identifyClient } from './client';
import { loggable } from './loggable';
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
  /** By method and path, with a blank between them. */
  readonly routes: Memo<Route>;
  /** By what {@link clientText} makes of a request. */
  readonly clients: Memo<Client>;
}

/** No header holds it. */
const SEPARATOR = '\n';

export function clientText(peer: string, forwardedFor = '', forwardedProto = ''): string {
  return `${peer}${SEPARATOR}${forwardedFor}${SEPARATOR}${forwardedProto}`;
}

export function factsOf(options: GateOptions): Facts {
  const routes = new Memo((text): Route => {
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
      loggable: loggable(path),
    };
  });
  const clients = new Memo((text) => {
    const [peer = '', forwardedFor, forwardedProto] = text.split(SEPARATOR);
    return identifyClient(forwardedFor || undefined, forwardedProto || undefined, peer, options.trustedHops);
  });
  return { routes, clients };
}
