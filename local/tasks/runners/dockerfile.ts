import { posix } from 'node:path';
import { expandVariables, type Instruction, readInstructions, splitWords } from './dockerfile-lines.js';

/** What a Python image's Dockerfile says about how its container runs. Paths are those inside the container. */
export interface PythonImage {
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  /** The directory inside the image in which the build context lies. */
  readonly contextRoot: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly stopSignal: NodeJS.Signals;
  /** What `pip install` is asked for: files (paths inside the container) and packages. */
  readonly requirementFiles: readonly string[];
  readonly packages: readonly string[];
}

export interface DockerfileOptions {
  /** For messages, for example `image/Dockerfile`. */
  readonly name: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** Whether a path of the build context is a directory. */
  readonly isDirectory: (path: string) => boolean;
}

/** Instructions that change nothing about how the command runs here. ECS ignores an image's HEALTHCHECK, too. */
const IGNORED = new Set(['EXPOSE', 'LABEL', 'MAINTAINER', 'USER', 'HEALTHCHECK', 'VOLUME']);

/** Users and permissions: what runs here runs as the current user. */
const IGNORED_COMMANDS = new Set(['useradd', 'groupadd', 'adduser', 'addgroup', 'chown', 'chmod', 'true', 'set']);

/** Pipes, redirections and substitutions outside of quotes; substitutions also inside of double ones. */
const SHELL_SYNTAX = /^(?:'[^']*'|"[^"`]*"|[^'"])*?(?:[|<>&`]|\$\()/;

/** Options of `pip install` that change how, not what it installs. */
const PIP_FLAGS =
  /^(?:-[qUv]+|--(?:no-cache-dir|disable-pip-version-check|upgrade|quiet|no-compile|require-hashes|only-binary=.*|root-user-action=.*))$/;

const PYTHON_IMAGE = /^(?:(?:[\w.-]+(?::\d+)?\/)*)python(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?$/;

/**
 * Reads a Dockerfile that stands on an official Python image, copies its context and installs packages with pip. Throws
 * on anything else, naming the line: running such an image without Docker would not be the same thing.
 */
export function readDockerfile(text: string, options: DockerfileOptions): PythonImage {
  const reader = new DockerfileReader(options);
  for (const instruction of readInstructions(text)) reader.take(instruction);
  return reader.result();
}

class DockerfileReader {
  private readonly env: Record<string, string> = {};
  private readonly args: Record<string, string> = {};
  private workdir = '/';
  private contextRoot: string | undefined;
  private entrypoint: readonly string[] = [];
  private command: readonly string[] = ['python3'];
  private stopSignal: NodeJS.Signals = 'SIGTERM';
  private from = false;
  private readonly requirementFiles: string[] = [];
  private readonly packages: string[] = [];

  constructor(private readonly options: DockerfileOptions) {}

  take(instruction: Instruction): void {
    const { name, rest } = instruction;
    if (IGNORED.has(name)) return;
    if (name !== 'ARG' && name !== 'FROM' && !this.from) throw this.cannot(instruction, 'FROM must come first');
    if (/<<-?["']?\w/.test(rest) && ['RUN', 'COPY', 'ADD'].includes(name)) {
      throw this.cannot(instruction, 'here-documents are not supported');
    }
    if (name === 'FROM') this.takeFrom(instruction);
    else if (name === 'ARG') this.takeArg(rest);
    else if (name === 'ENV') this.takeEnv(instruction);
    else if (name === 'WORKDIR') this.workdir = posix.resolve(this.workdir, splitWords(this.expand(rest))[0] ?? '/');
    else if (name === 'COPY' || name === 'ADD') this.takeCopy(instruction);
    else if (name === 'RUN') this.takeRun(instruction);
    else if (name === 'STOPSIGNAL') this.takeStopSignal(instruction);
    else if (name === 'CMD') this.command = this.execForm(instruction);
    else if (name === 'ENTRYPOINT') {
      this.entrypoint = this.execForm(instruction);
      // As in Docker: an entry point resets the command of the image below.
      if (this.command.length === 1 && this.command[0] === 'python3') this.command = [];
    } else throw this.cannot(instruction, `the instruction ${name} is not supported`);
  }

  result(): PythonImage {
    if (!this.from) throw new Error(`${this.options.name}: no FROM; it must be an official Python image (python:…)`);
    const { env, workdir, entrypoint, command, stopSignal, requirementFiles, packages } = this;
    const contextRoot = this.contextRoot ?? workdir;
    if (!isWithin(workdir, contextRoot)) {
      throw new Error(
        `${this.options.name}: WORKDIR ${workdir} lies outside of ${contextRoot}, where COPY puts the files; ` +
          'make it the same directory',
      );
    }
    return { env, workdir, contextRoot, entrypoint, command, stopSignal, requirementFiles, packages };
  }

  private takeFrom(instruction: Instruction): void {
    if (this.from) throw this.cannot(instruction, 'a build in several stages is not supported');
    const image = splitWords(this.expand(instruction.rest)).filter((word) => !word.startsWith('--'))[0] ?? '';
    if (!PYTHON_IMAGE.test(image)) {
      throw this.cannot(instruction, 'the base must be an official Python image (python:…)');
    }
    this.from = true;
  }

  private takeArg(rest: string): void {
    for (const word of splitWords(rest)) {
      const [name = '', ...value] = word.split('=');
      this.args[name] = this.options.buildArgs?.[name] ?? this.expand(value.join('='));
    }
  }

  private takeEnv(instruction: Instruction): void {
    const words = splitWords(instruction.rest);
    // The old form `ENV NAME value with spaces`.
    if (!words[0]?.includes('=')) {
      const [, name, value] = /^(\w+)\s+(\S[\s\S]*)$/.exec(instruction.rest) ?? [];
      if (name === undefined || value === undefined) throw this.cannot(instruction, 'ENV needs NAME=value');
      this.env[name] = this.expand(value);
      return;
    }
    // All values of one instruction see the variables as they were before it.
    const values = words.map((word): [string, string] => {
      const at = word.indexOf('=');
      if (at < 1) throw this.cannot(instruction, 'ENV needs NAME=value');
      return [word.slice(0, at), this.expand(word.slice(at + 1))];
    });
    Object.assign(this.env, Object.fromEntries(values));
  }

  private takeCopy(instruction: Instruction): void {
    const words = instruction.rest.startsWith('[')
      ? this.jsonArray(instruction)
      : splitWords(instruction.rest).map((word) => this.expand(word));
    const flags = words.filter((word) => word.startsWith('--'));
    const known = flags.every((flag) => /^--(?:chown|chmod|link)\b/.test(flag));
    const paths = words.filter((word) => !word.startsWith('--'));
    const target = paths.pop();
    if (!known || target === undefined || paths.length === 0) {
      throw this.cannot(instruction, 'only COPY of the build context is supported');
    }
    for (const source of paths) {
      const root = this.rootOf(source, target, paths.length > 1, instruction);
      if (this.contextRoot !== undefined && this.contextRoot !== root) {
        throw this.cannot(
          instruction,
          `${source} must keep its place relative to the rest of the context, which lies in ${this.contextRoot}`,
        );
      }
      this.contextRoot = root;
    }
  }

  /** The directory in the image in which the context would lie if it were copied as a whole. */
  private rootOf(source: string, target: string, several: boolean, instruction: Instruction): string {
    if (instruction.name === 'ADD' && /^https?:|^git@|\.tar(?:\.\w+)?$|\.tgz$/.test(source)) {
      throw this.cannot(instruction, 'ADD of addresses and archives is not supported; use COPY');
    }
    const from = posix.normalize(source).replace(/^\/+|(?<!\/)\/+$/g, '') || '.';
    const to = posix.resolve(this.workdir, target);
    const intoDirectory = several || /(?:^|\/)\.{0,2}$/.test(target) || to === this.workdir;
    // A directory's content goes into the target; a file keeps its name only if the target is a directory.
    const place = this.options.isDirectory(from) || !intoDirectory ? to : posix.join(to, posix.basename(from));
    if (from === '.') return place;
    if (place.endsWith(`/${from}`)) return place.slice(0, -from.length - 1) || '/';
    throw this.cannot(instruction, `${source} must keep its place relative to the context, here it becomes ${place}`);
  }

  private takeRun(instruction: Instruction): void {
    if (instruction.rest.startsWith('[')) throw this.cannot(instruction, 'RUN with a JSON array is not supported');
    const withoutFlags = instruction.rest.replace(/^(?:--\w+(?:=\S+)?\s+)+/, '');
    for (const command of withoutFlags.match(/(?:'[^']*'|"[^"]*"|(?<!&)&(?!&)|[^'"&;])+/g) ?? []) {
      const words = splitWords(this.expand(command));
      const first = posix.basename(words[0] ?? 'true');
      if (IGNORED_COMMANDS.has(first)) continue;
      const pip = /^python3?$/.test(first) && words[1] === '-m' && /^pip3?$/.test(words[2] ?? '') ? 3 : 1;
      if ((pip === 3 || /^pip3?$/.test(first)) && words[pip] === 'install' && !SHELL_SYNTAX.test(command)) {
        this.takePip(words.slice(pip + 1), instruction);
      } else {
        throw this.cannot(instruction, 'only `pip install` and commands about users or permissions are supported');
      }
    }
  }

  private takePip(words: readonly string[], instruction: Instruction): void {
    for (let i = 0; i < words.length; i += 1) {
      const word = words[i] ?? '';
      const file = /^(?:-r|--requirement=)(.+)$/.exec(word)?.[1];
      if (word === '-r' || word === '--requirement') {
        i += 1;
        this.requirementFiles.push(posix.resolve(this.workdir, words[i] ?? ''));
      } else if (file !== undefined) {
        this.requirementFiles.push(posix.resolve(this.workdir, file));
      } else if (word === '--root-user-action') {
        i += 1;
      } else if (word.startsWith('-') && !PIP_FLAGS.test(word)) {
        throw this.cannot(instruction, `pip's option ${word} is not supported`);
      } else if (word.startsWith('.') || word.startsWith('/')) {
        throw this.cannot(instruction, `pip install of a directory (${word}) is not supported; name packages`);
      } else if (!word.startsWith('-') && !/^(?:pip|setuptools|wheel)\b/.test(word)) {
        this.packages.push(word);
      }
    }
  }

  private takeStopSignal(instruction: Instruction): void {
    const name = this.expand(instruction.rest).trim().toUpperCase();
    const signal = ({ '15': 'SIGTERM', '3': 'SIGQUIT', '2': 'SIGINT' } as const)[name] ?? name;
    if (!/^SIG(?:TERM|QUIT|INT|HUP|USR1|USR2)$/.test(signal)) throw this.cannot(instruction, 'an unknown signal');
    this.stopSignal = signal as NodeJS.Signals;
  }

  private execForm(instruction: Instruction): readonly string[] {
    // The shell form is what Docker makes of it: the same shell, and variables of the container's environment.
    if (!instruction.rest.startsWith('[')) return ['/bin/sh', '-c', instruction.rest];
    return this.jsonArray(instruction);
  }

  private jsonArray(instruction: Instruction): string[] {
    try {
      const value: unknown = JSON.parse(instruction.rest);
      if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    } catch {
      // Said below.
    }
    throw this.cannot(instruction, 'expected a JSON array of strings with double quotes');
  }

  private expand(text: string): string {
    return expandVariables(text, { ...this.args, ...this.env });
  }

  private cannot(instruction: Instruction, why: string): Error {
    const shown = `${instruction.name} ${instruction.rest}`.trim();
    return new Error(
      `${this.options.name}, line ${instruction.line}: "${shown.length > 80 ? `${shown.slice(0, 80)}…` : shown}" ` +
        `cannot be done without Docker: ${why}`,
    );
  }
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || directory === '/' || path.startsWith(`${directory}/`);
}
