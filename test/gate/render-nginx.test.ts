import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { GateBundle } from '../../contract/gate-options';
import {
  APP_UPSTREAM,
  DIVERTED,
  INVOKE_LOCATION,
  SESSION_PATH,
  SESSION_STYLE_PATH,
  TEXT_LOCATION,
} from '../../gate/locations';
import { renderNginxConf } from '../../gate/render-nginx';
import { buildGate, gateOptions } from './support/bundle';
import { GateContainers } from './support/gate';
import { type Directive, parseNginxConf, walk } from './support/nginx-conf';
import { anyOptions } from './support/options-arbitrary';

/** What makes a location pass requests on, or makes a request reach another location. */
const PASSES = /^(proxy|fastcgi|uwsgi|scgi|grpc|memcached)_pass$/;
const REDIRECTS = ['try_files', 'rewrite', 'auth_request', 'mirror', 'index', 'post_action', 'if'];

/** What is wrong with a configuration, in words. */
function openings(conf: readonly Directive[]): readonly string[] {
  const problems: string[] = [];
  const proxying = new Set<string>();
  let diversions = 0;
  // The way to Lambda is for subrequests alone, which `internal` ensures, and leads where the program says.
  const lambda = [...walk(conf)].find(({ directive }) => directive.args.at(-1) === INVOKE_LOCATION)?.directive;
  const parts = lambda?.block?.map(({ name, args }) => [name, ...args].join(' ')) ?? [];
  if (!parts.includes('internal') || !parts.includes('proxy_pass $gate_invoke')) problems.push('Lambda is open');
  for (const { directive, around } of walk(conf)) {
    if (!PASSES.test(directive.name)) continue;
    const location = around.at(-1);
    const own = location?.block?.map(({ name }) => name) ?? [];
    proxying.add(location?.args.at(-1) ?? '');
    if (location?.name !== 'location') problems.push(`${directive.name} outside of a location`);
    const handler = location?.args.at(-1) === TEXT_LOCATION ? 'gate.text' : 'gate.access';
    const decides = location?.block?.some(({ name, args }) => name === 'js_access' && args[0] === handler);
    if (!decides) problems.push(`${location?.args} proxies without js_access of its own`);
    const expected = location === lambda ? '$gate_invoke' : 'http://$gate_upstream$gate_target';
    if (directive.args[0] !== expected) problems.push(`${directive.args} is no variable`);
    if (own.includes('js_content')) problems.push(`${location?.args} also answers by itself`);
  }
  for (const { directive } of walk(conf)) {
    // Only the program can name it, since the variable is the only way there.
    if (directive.name === 'upstream' && directive.args[0] !== APP_UPSTREAM)
      problems.push(`upstream ${directive.args}`);
    if (directive.name === 'error_page') {
      // The program's own status, which no app's answer and no error of nginx has, leads to where bodies are counted.
      const isDiversion = directive.args.join(' ') === `${DIVERTED} = ${TEXT_LOCATION}`;
      const targets = valuesOf(conf, directive.args.at(-1) ?? '');
      if (isDiversion) diversions++;
      else if (targets.some((target) => proxying.has(target) || !target.startsWith('/.voicegate/')))
        problems.push(`error_page ${directive.args} leads elsewhere`);
      else if (proxying.has(directive.args.at(-1) ?? '')) problems.push(`error_page ${directive.args} leads elsewhere`);
    } else if (REDIRECTS.includes(directive.name)) {
      problems.push(`${directive.name} ${directive.args} leads elsewhere`);
    }
    if (directive.name === 'js_var' && directive.args.length !== 1)
      problems.push(`${directive.args} has a first value`);
    if (directive.name === 'set' || directive.name === 'satisfy') problems.push(`${directive.name} ${directive.args}`);
  }
  if (diversions !== 1) problems.push(`${diversions} ways lead to where bodies are counted`);
  if (proxying.size !== 3) problems.push(`${proxying.size} locations proxy`);
  return problems;
}

/** What a word may be: itself, or each value of the map that makes the variable. */
function valuesOf(conf: readonly Directive[], word: string): readonly string[] {
  if (!word.startsWith('$')) return [word];
  const maps = [...walk(conf)].filter(({ directive: { name, args } }) => name === 'map' && args[1] === word);
  const values = maps.flatMap(({ directive }) => directive.block?.flatMap(({ args }) => args) ?? []);
  return values.length === 0 ? [word] : values;
}

describe('the configuration', () => {
  it('proxies only from a location with js_access, to a variable that nothing but the program fills', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        expect(openings(parseNginxConf(renderNginxConf(options)))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['without js_access', (text: string) => text.replace('js_access gate.access;', '')],
    ['to a literal upstream', (text: string) => text.replace('$gate_upstream$gate_target', '127.0.0.1:5000')],
    [
      'from a second location',
      (text: string) => text.replace('location = ', 'location /x { proxy_pass http://a; } location = '),
    ],
    ['to Lambda for everybody', (text: string) => text.replace(/(invoke \{\s+)internal;/, '$1')],
    ['by a rewrite', (text: string) => text.replace('js_access', 'rewrite ^ /; js_access')],
    ['by the status of an answer', (text: string) => text.replace(`error_page ${DIVERTED} =`, 'error_page 502 598 =')],
    ['where bodies are counted by a path', (text: string) => text.replaceAll(TEXT_LOCATION, '/text')],
    [
      'where bodies are counted before it was decided',
      (text: string) => text.replace('js_access gate.text', 'js_access gate.access'),
    ],
    [
      'by where refusals are answered',
      (text: string) => text.replace("'~^1|^REJECTED' /.voicegate/closing", "'~^1|^REJECTED' @text"),
    ],
    ['by an error page', (text: string) => text.replace(/error_page 494 .*;/, 'error_page 494 /;')],
    [
      'with a variable set before',
      (text: string) => text.replace('js_var $gate_upstream;', 'js_var $gate_upstream app:1;'),
    ],
  ])('would be found open when it proxies %s', (_, open) => {
    const text = renderNginxConf(gateOptions());
    expect(open(text)).not.toBe(text);
    expect(openings(parseNginxConf(open(text)))).not.toEqual([]);
  });

  it('names no path outside of the prefix but those the init container fills in', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        for (const { directive } of walk(parseNginxConf(renderNginxConf(options)))) {
          if (directive.name === 'location') continue;
          const paths = directive.args.filter((arg) => arg.startsWith('/') && !arg.startsWith('/.voicegate/'));
          expect(paths.filter((path) => path !== '/dev/stdout')).toEqual([]);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('keeps idle connections longer than the load balancer, and requests as long as they may take', () => {
    const text = renderNginxConf(gateOptions({ loadBalancerIdleTimeout: 125, longestRequest: 120 }));
    expect(text).toContain('keepalive_timeout 135s;');
    expect(text).toContain('proxy_read_timeout 120s;');
    expect(text).toContain('worker_shutdown_timeout 120s;');
  });
});

describe('nginx', () => {
  let bundle: GateBundle;
  beforeAll(async () => {
    bundle = await buildGate();
  });

  it('accepts whatever the options can render', async () => {
    await fc.assert(
      fc.asyncProperty(anyOptions, async (options) => {
        const gate = new GateContainers(bundle.packGate(options), {
          upstreamPort: 5000,
          lambdaUrl: 'http://127.0.0.1:1',
        });
        try {
          // The init container runs `nginx -t`.
          expect(await gate.init()).toEqual({ code: 0, output: expect.stringContaining('ready, njs ') });
        } finally {
          await gate.stop();
        }
      }),
      { numRuns: 15 },
    );
  });
});

it('the style of the sign-in page takes none of the places of the page', () => {
  const conf = parseNginxConf(renderNginxConf(gateOptions({ webSession: { lifetime: 3600 } })));
  const zones = (path: string) => {
    const found = [...walk(conf)].find(({ directive: { name, args } }) => name === 'location' && args.at(-1) === path);
    return found?.directive.block?.filter(({ name }) => name === 'limit_conn').map(({ args }) => args[0]) ?? [];
  };
  expect(zones(SESSION_STYLE_PATH)).toEqual(['styles']);
  expect(zones(SESSION_PATH)).toEqual(['pages', 'forms_of_client', 'forms']);
});
