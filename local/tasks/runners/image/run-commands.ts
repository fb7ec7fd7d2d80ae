import { posix } from 'node:path';
import { cannot, type Place, type Step } from './step.js';
import { splitCommands } from './words.js';

/** Users, permissions and tidying: what runs here runs as the current user, in folders that are removed. */
const WITHOUT_EFFECT = new Set([
  'useradd',
  'groupadd',
  'adduser',
  'addgroup',
  'usermod',
  'chown',
  'chmod',
  'true',
  ':',
  'set',
  'echo',
  'ldconfig',
  'update-ca-certificates',
]);
const APT = /^(?:apt|apt-get)$/;
/** Options of pip that make no sense in an environment of its own. */
const NOT_PASSED_ON = new Set(['--user', '--break-system-packages', '--no-cache-dir']);
const INSTEAD = 'put its result into the folder and COPY it, or let the app do it when it starts';

/** What the commands of one RUN come to. Nothing of them is executed by a shell: this is the developer's own machine. */
export function runSteps(script: string, directory: string, place: Place): Step[] {
  let where = directory;
  return splitCommands(script).flatMap(({ words, plain }): Step[] => {
    const [name = '', ...args] = withoutAssignments(words);
    const command = posix.basename(name);
    if (name === '' || (WITHOUT_EFFECT.has(command) && plain)) return [];
    if (!plain) throw cannot(place, `pipes, redirections and substitutions are not followed; ${INSTEAD}`);
    if (command === 'cd') {
      where = posix.resolve(where, args[0] ?? '/');
      return [];
    }
    if (command === 'mkdir') return directories(args, where);
    if (command === 'rm') return tidies(args, place);
    if (APT.test(command)) return aptSteps(args, place);
    const pip = pipArguments(command, args);
    if (pip !== undefined) return pipSteps(pip, where, place);
    throw cannot(
      place,
      `of commands only pip, apt-get, mkdir and those about users are understood, not ${command}; ${INSTEAD}`,
    );
  });
}

function withoutAssignments(words: readonly string[]): readonly string[] {
  const first = words.findIndex((word) => !/^\w+=/.test(word));
  return first < 0 ? [] : words.slice(first);
}

function directories(args: readonly string[], where: string): Step[] {
  return args
    .filter((word) => !word.startsWith('-'))
    .map((path) => ({ kind: 'directory', path: posix.resolve(where, path) }));
}

/** What is removed of the image is nothing that exists here. */
function tidies(args: readonly string[], place: Place): Step[] {
  const own = /^\/(?:var\/(?:lib\/apt|cache)|tmp|root\/\.cache|usr\/share\/(?:doc|man))\b/;
  const foreign = args.find((word) => !word.startsWith('-') && !own.test(word));
  if (foreign !== undefined)
    throw cannot(place, `rm of ${foreign} would be this machine's; leave it out by .dockerignore`);
  return [];
}

function aptSteps(args: readonly string[], place: Place): Step[] {
  const [action, ...rest] = args.filter((word) => !word.startsWith('-'));
  if (['update', 'upgrade', 'clean', 'autoclean', 'autoremove', 'remove', 'purge'].includes(action ?? '')) return [];
  if (action !== 'install') throw cannot(place, `apt-get ${action ?? ''} is not understood; ${INSTEAD}`);
  const names = rest.map((word) => word.split(/[=:/]/)[0] ?? word);
  return names.length === 0 ? [] : [{ kind: 'packages', names, place }];
}

/** What follows `pip`, in any of the ways to call it; undefined for other commands. */
function pipArguments(command: string, args: readonly string[]): readonly string[] | undefined {
  if (/^pip3?$/.test(command)) return args;
  if (/^python3?(?:\.\d+)?$/.test(command) && args[0] === '-m' && /^pip3?$/.test(args[1] ?? '')) return args.slice(2);
  return command === 'uv' && args[0] === 'pip' ? args.slice(1).filter((word) => word !== '--system') : undefined;
}

function pipSteps(args: readonly string[], directory: string, place: Place): Step[] {
  const [action, ...rest] = args;
  if (action === 'cache' || action === 'check') return [];
  if (action !== 'install') throw cannot(place, `of pip only install is understood, not ${action ?? ''}`);
  if (rest.some((word) => word === '-e' || word.startsWith('--editable'))) {
    throw cannot(place, 'an editable installation would point into a folder that is removed; leave out -e');
  }
  const target = rest.find((word) => /^(?:-t|--target|--prefix|--root)(?:=|$)/.test(word));
  if (target !== undefined)
    throw cannot(place, `pip's option ${target} leads past the app's environment; leave it out`);
  return [
    { kind: 'pip', args: withoutOwnTools(rest.filter((word) => !NOT_PASSED_ON.has(word))), directory, place },
  ].filter(({ args: left }) => left.some((word) => !word.startsWith('-'))) as Step[];
}

/** `pip install --upgrade pip setuptools wheel`: each environment has its own. */
function withoutOwnTools(args: readonly string[]): string[] {
  return args.filter((word) => !/^(?:pip|setuptools|wheel)(?:[=<>~!].*)?$/.test(word));
}
