/** Whether the service is there, and what port 80 does. */

import { isIP } from 'node:net';
import { type Check, failed, ok, reasonOf, type ServiceFacts, unknown } from './check';
import { bare, portOf } from './probe';

const QUERY = '/voicegate-doctor/a%20b?c=d%20e&f';

export const REACH_CHECKS: readonly Check<ServiceFacts>[] = [
  {
    name: 'DNS',
    async run({ url, probe }) {
      if (isIP(bare(url.hostname)) !== 0) return unknown('an address, no name: there is nothing to resolve');
      try {
        return ok((await probe.addresses(url.hostname)).join(', '));
      } catch (error) {
        return failed(
          reasonOf(error),
          `Make ${url.hostname} a CNAME or alias record of the load balancer (output LoadBalancerDnsName).`,
        );
      }
    },
  },
  {
    name: 'HTTPS port',
    run: ({ url, probe }) =>
      probe.reach(url).then(
        () => ok(`${url.hostname}:${portOf(url)} takes connections`),
        (error) =>
          failed(reasonOf(error), `Open port ${portOf(url)} of the load balancer, and see that its listener is there.`),
      ),
  },
  {
    name: 'HTTP port',
    run: ({ http, probe }) =>
      probe.reach(http).then(
        () => ok(`${http.hostname}:${portOf(http)} takes connections`),
        (error) =>
          failed(
            reasonOf(error),
            `Open port ${portOf(http)} of the load balancer: who types the name alone comes there (--http URL if it is elsewhere).`,
          ),
      ),
  },
  {
    name: 'redirect to HTTPS',
    async run({ url, http, probe }) {
      const { status, headers } = await probe.ask(new URL(QUERY, http));
      if (status !== 301 && status !== 308) {
        return failed(
          `GET on port ${portOf(http)} is ${status}`,
          'Let the listener of port 80 redirect to HTTPS and do nothing else.',
        );
      }
      const location = headers.location ?? '';
      const wanted = new URL(QUERY, url);
      const found = URL.canParse(location) ? new URL(location) : undefined;
      const same =
        found !== undefined &&
        found.protocol === 'https:' &&
        found.hostname === wanted.hostname &&
        portOf(found) === portOf(wanted) &&
        found.pathname + found.search === wanted.pathname + wanted.search;
      return same
        ? ok(`${status}, with path and query`)
        : failed(`${status} to ${location || 'nowhere'}`, `Redirect to ${url.origin} with the same path and query.`);
    },
  },
  {
    name: 'POST without TLS',
    async run({ http, path, probe }) {
      const { status } = await probe.ask(new URL(path, http), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{"text":"a"}',
      });
      if (status >= 400 && status < 500) return ok(`${status}: nobody sends texts and keys in the clear unnoticed`);
      const redirects = status >= 300 && status < 400;
      return failed(
        `POST on port ${portOf(http)} is ${status}`,
        redirects
          ? 'Refuse POST on port 80: a redirect turns it into a GET, and by then key and text were in the clear.'
          : 'Refuse POST on port 80: key and text travel in the clear.',
      );
    },
  },
];
