/** Turns the gate's options into the parts of two container definitions. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GateOptions, GatePackage } from '../contract/gate-options';
import { archive } from './archive';
import { renderNginxConf } from './render-nginx';
import { renderBootstrap, renderFilter, renderGate, renderInit, renderLambda, renderStart } from './render-scripts';
import { filled, withoutComments } from './template';
import { validateOptions } from './validate-options';

/** `js_access` and reading bodies came with 0.9.9; 1.0.0 no longer crashes on some header names. */
export const requiredNjsVersion = '1.0.0';

/** @throws Error naming a wrong option, its value and what is allowed. */
export function packGate(options: GateOptions): GatePackage {
  validateOptions(options);
  const program = readFileSync(join(__dirname, 'program.js'), 'utf8');
  const packed = archive([
    // The longest first: what comes after it is the smaller for it.
    { name: 'program.js.in', text: renderSettings(options) + program },
    { name: 'nginx.conf.in', text: withoutComments(renderNginxConf(options)).replace(/^ +/gm, '') },
    { name: 'init.sh', text: withoutComments(renderInit(requiredNjsVersion)) },
    { name: 'gate.sh', text: withoutComments(renderGate(options.drainDelay, options.webSession !== undefined)) },
    { name: 'lambda.sh', text: withoutComments(renderLambda()) },
    { name: 'filter.sh', text: withoutComments(renderFilter()) },
    { name: 'version.conf.in', text: filled('version.conf') },
    { name: 'version.js', text: filled('version.js').replace(/^\/\/.*\n/gm, '') },
  ]);
  return {
    bundle: packed.toString('base64'),
    initCommand: ['sh', '-c', withoutComments(renderBootstrap(createHash('sha256').update(packed).digest('hex')))],
    command: ['sh', '-c', withoutComments(renderStart())],
  };
}

/** What the program reads as its settings; the init container fills in the upstream. */
function renderSettings(given: GateOptions): string {
  // A prefix may be written as the pattern that it stands for.
  const options = { ...given, relaxedPaths: given.relaxedPaths.map((path) => path.replace(/\*$/, '')) };
  const settings = JSON.stringify({ upstream: '@UPSTREAM@', options });
  return `const GATE_SETTINGS=${settings};\n`;
}
