import { hostWithoutPort, type RuleRequest } from './conditions.js';
import type { ForwardAction, RedirectAction } from './model.js';

/** The ports that the deployed listeners have, and those at which the edge serves them. */
export type ServedPorts = ReadonlyMap<number, number>;

/**
 * Where a redirect leads. A redirect to a deployed port on the host that the client already speaks to leads to the
 * port at which the edge serves it: `https://localhost:443/…` becomes `https://localhost:8443/…`.
 */
export function redirectLocation(
  action: RedirectAction,
  request: RuleRequest & { readonly scheme: 'http' | 'https'; readonly port: number },
  served: ServedPorts,
): string {
  const fill = (template: string) =>
    template
      .replaceAll('#{protocol}', request.scheme)
      .replaceAll('#{host}', hostWithoutPort(request.host))
      .replaceAll('#{port}', String(request.port))
      .replaceAll('#{path}', request.path.replace(/^\//, ''))
      .replaceAll('#{query}', request.query);
  const protocol = fill(action.protocol).toLowerCase();
  const host = fill(action.host);
  const port = fill(action.port);
  const query = fill(action.query);
  const sameHost = host.toLowerCase() === hostWithoutPort(request.host).toLowerCase();
  const localPort = sameHost && action.port !== '#{port}' ? served.get(Number(port)) : undefined;
  return `${protocol}://${host}:${localPort ?? port}${fill(action.path)}${query === '' ? '' : `?${query}`}`;
}

/** One of a forward action's target groups, by weight. @param random at least 0, less than 1 */
export function chooseTargetGroup(action: ForwardAction, random: number): string | undefined {
  const total = action.targetGroups.reduce((sum, group) => sum + group.weight, 0);
  let left = random * total;
  for (const group of action.targetGroups) {
    if (left < group.weight) return group.arn;
    left -= group.weight;
  }
  return undefined;
}
