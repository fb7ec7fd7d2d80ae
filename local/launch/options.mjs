import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './prepare.mjs';
import { Problem } from './problem.mjs';

export const usage = `npm start -- [options]: deploys Voicegate into a local cloud and serves it

  --http-port PORT      port of http:// (default 8080, or VOICEGATE_HTTP_PORT; 0: any free one)
  --https-port PORT     port of https:// (default 8443, or VOICEGATE_HTTPS_PORT; 0: any free one)
  --state-dir DIR       where the local cloud keeps its state (default .voicegate, or VOICEGATE_STATE_DIR);
                        several can run side by side, each with a folder and ports of its own
  --fresh               forget what was deployed and stored there before
  -c, --context K=V     CDK context, as cdk deploy takes it; may be given several times
  --waf-delay SECONDS   how late WAF's rate rules see a request (default 10, as in AWS)
  --logs                also show what the containers write
  --json                when ready, print one line of JSON on standard output; all else goes to standard error
  --help                show this
`;

const flags = {
  'http-port': { type: 'string' },
  'https-port': { type: 'string' },
  'state-dir': { type: 'string' },
  fresh: { type: 'boolean' },
  context: { type: 'string', short: 'c', multiple: true },
  'waf-delay': { type: 'string' },
  logs: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
};

/** The options of `npm start`, from its arguments and the environment. A wrong one is a problem with exit code 2. */
export function parseOptions(args, env = process.env) {
  const values = parse(args);
  // npm changes into the project's folder; a relative path is meant from where the person is.
  const here = env.npm_lifecycle_event === 'start' && env.INIT_CWD ? env.INIT_CWD : process.cwd();
  const httpPort = port('--http-port', values['http-port'] ?? env.VOICEGATE_HTTP_PORT, 8080);
  const httpsPort = port('--https-port', values['https-port'] ?? env.VOICEGATE_HTTPS_PORT, 8443);
  if (httpPort === httpsPort && httpPort !== 0) {
    throw new Problem(
      `--http-port and --https-port are both ${httpPort}: give two different ports, or 0 for any free one.`,
      2,
    );
  }
  const stateDir = values['state-dir'] ?? env.VOICEGATE_STATE_DIR;
  return {
    httpPort,
    httpsPort,
    stateDirectory: stateDir ? resolve(here, stateDir) : join(root, '.voicegate'),
    fresh: values.fresh ?? false,
    context: context(values.context ?? []),
    wafDelay: number('--waf-delay', values['waf-delay'], 10, 3600),
    logs: values.logs ?? false,
    json: values.json ?? false,
    help: values.help ?? false,
  };
}

function parse(args) {
  try {
    return parseArgs({ args, options: flags, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const given = /'(-[^']*)'/.exec(error.message)?.[1];
    if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
      throw new Problem(`Unknown option ${given}; allowed are ${names()}. "npm start -- --help" explains them.`, 2);
    }
    if (error.code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') {
      throw new Problem(`npm start takes options only; allowed are ${names()}. ${error.message}`, 2);
    }
    throw new Problem(`${error.message}. "npm start -- --help" explains the options.`, 2);
  }
}

function names() {
  return Object.entries(flags)
    .map(([name, { short }]) => (short ? `-${short}, --${name}` : `--${name}`))
    .join(', ');
}

function port(flag, given, fallback) {
  return number(flag, given, fallback, 65535);
}

function number(flag, given, fallback, highest) {
  if (given === undefined || given === '') return fallback;
  if (!/^\d{1,5}$/.test(given) || Number(given) > highest) {
    throw new Problem(`${flag} must be a whole number from 0 to ${highest}, got "${given}".`, 2);
  }
  return Number(given);
}

function context(pairs) {
  const result = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw new Problem(`--context takes KEY=VALUE, got "${pair}".`, 2);
    result[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return result;
}
