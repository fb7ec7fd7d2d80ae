// Loaded into the function that orders before its bundle (NODE_OPTIONS=--import): a DNS of the test, port 80 where the
// local edge has it, and a clock that the test moves. The bundle itself is the one that is deployed.

import dns from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import http from 'node:http';

/** The file with them is named by the environment, and read each time: the test writes it anew. */
const surroundings = () => JSON.parse(readFileSync(process.env.SURROUNDINGS, 'utf8'));

const now = Date.now;
Date.now = () => now() + surroundings().ahead;

const told = new WeakSet();
for (const name of ['resolve4', 'resolve6']) {
  const ask = dns.Resolver.prototype[name];
  dns.Resolver.prototype[name] = function (...args) {
    // While it asks, a resolver takes no other servers.
    if (!told.has(this)) this.setServers([surroundings().nameServer]);
    told.add(this);
    return ask.apply(this, args);
  };
}

const connect = http.Agent.prototype.createConnection;
http.Agent.prototype.createConnection = function (options, ...rest) {
  return connect.call(this, options.port === 80 ? { ...options, port: surroundings().httpPort } : options, ...rest);
};
