/** What follows from the options and from texts of a request alone; remembered, since most requests repeat it. */

import type { GateOptions } from '../../../contract/gate-options';
import { PAGE_FOLDER } from '../../../contract/names';
import { Memo } from '../shared/memo';
import { type Client, identifyClient } from './client';
import { loggable } from './loggable';
import { isKnownMethod, isPublic, isSynthesis, requiredScopes } from './routes';
import { decodePath } from './target';

/** What is known of a route before anybody is asked. */
export interface Route {
  /** Decoded; undefined where two servers could read the path in two ways. */
  readonly path: string | undefined;
  readonly isKnownMethod: boolean;
  readonly isPublic: boolean;
  /** Whether it needs a credential of Voicegate's own kinds, and nothing else but that. */
  readonly isCommon: boolean;
  readonly isSynthesis: boolean;
  /** Whether it is a file of the bundled image's page, of which every browser fetches a few. */
  readonly isPageFile: boolean;
  readonly scopes: readonly string[];
  /** What the log line says of it: method and path. */
  readonly logged: string;
}

export interface Facts {
  /** By method and raw path, with a blank between them. */
  readonly routes: Memo<Route>;
  /** By what {@link clientText} makes of a request. */
  readonly clients: Memo<Client>;
}

/** Characters of what is remembered: a common path, and an address behind a few proxies. */
const LONGEST_KNOWN = 200;

/** No header holds it. */
const SEPARATOR = '\n';

export function clientText(peer: string, forwardedFor = '', forwardedProto = ''): string {
  return `${peer}${SEPARATOR}${forwardedFor}${SEPARATOR}${forwardedProto}`;
}

export function factsOf(options: GateOptions): Facts {
  const routes = new Memo((text) => {
    const blank = text.indexOf(' ');
    return routeOf(text.slice(0, blank), text.slice(blank + 1), options);
  }, LONGEST_KNOWN);
  const clients = new Memo((text) => {
    const [peer = '', forwardedFor, forwardedProto] = text.split(SEPARATOR);
    return identifyClient(forwardedFor || undefined, forwardedProto || undefined, peer, options.trustedHops);
  }, LONGEST_KNOWN);
  return { routes, clients };
}

function routeOf(method: string, rawPath: string, options: GateOptions): Route {
  const path = decodePath(rawPath, options.relaxedPaths);
  const known = isKnownMethod(method);
  const open = path !== undefined && isPublic(options, method, path);
  const isPreflight = method === 'OPTIONS' && options.cors !== undefined;
  return {
    path,
    isKnownMethod: known,
    isPublic: open,
    isCommon:
      path !== undefined && known && !open && !isPreflight && options.authorizer.identitySource === 'credential',
    isSynthesis: path !== undefined && isSynthesis(options, path),
    isPageFile: open && path.startsWith(PAGE_FOLDER),
    scopes: path === undefined ? [] : requiredScopes(options, path),
    logged: loggedRoute(method, rawPath),
  };
}

/** What a log line says of method and path. */
export function loggedRoute(method: string, rawPath: string): string {
  return `,"method":${JSON.stringify(loggable(method))},"path":${JSON.stringify(loggable(rawPath))}`;
}
