import { posix } from 'node:path';
import { type Instruction, readInstructions } from './instructions.js';
import { runSteps } from './run-commands.js';
import { CannotRun, cannot, placeOf, type Step } from './step.js';
import { expandVariables, splitWords } from './words.js';

/** What a Python image's Dockerfile says about how its container runs. Paths are those inside the container. */
export interface PythonImage {
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly stopSignal: NodeJS.Signals;
  readonly steps: readonly Step[];
}

export interface DockerfileOptions {
  /** For messages, for example `image/Dockerfile`. */
  readonly name: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
}

/** Instructions that change nothing about how the command runs here. ECS ignores an image's HEALTHCHECK, too. */
const IGNORED = new Set(['EXPOSE', 'LABEL', 'MAINTAINER', 'USER', 'HEALTHCHECK', 'VOLUME']);

const PYTHON_IMAGE = /^(?:(?:[\w.-]+(?::\d+)?\/)*)python(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?$/;

/**
 * Reads a Dockerfile that stands on an official Python image, copies files of its context and installs packages.
 * @throws CannotRun on anything else, naming the line: running such an image without Docker would not be the same thing.
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
  private entrypoint: readonly string[] = [];
  private command: readonly string[] = ['python3'];
  private stopSignal: NodeJS.Signals = 'SIGTERM';
  private from = false;
  private readonly steps: Step[] = [];

  constructor(private readonly options: DockerfileOptions) {}

  take(instruction: Instruction): void {
    const { name, rest } = instruction;
    if (IGNORED.has(name)) return;
    if (name !== 'ARG' && name !== 'FROM' && !this.from) throw this.cannot(instruction, 'FROM must come first');
    if (name === 'FROM') this.takeFrom(instruction);
    else if (name === 'ARG') this.takeArg(rest);
    else if (name === 'ENV') this.takeEnv(instruction);
    else if (name === 'WORKDIR') this.takeWorkdir(rest);
    else if (name === 'COPY' || name === 'ADD') this.takeCopy(instruction);
    else if (name === 'RUN') this.takeRun(instruction);
    else if (name === 'STOPSIGNAL') this.takeStopSignal(instruction);
    else if (name === 'CMD') this.command = this.execForm(instruction);
    else if (name === 'ENTRYPOINT') {
      this.entrypoint = this.execForm(instruction);
      // As in Docker: an entry point resets the command of the image below.
      if (this.command.length === 1 && this.command[0] === 'python3') this.command = [];
    } else throw this.cannot(instruction, `the instruction ${name} is not understood; leave it out`);
  }

  result(): PythonImage {
    if (!this.from)
      throw new CannotRun(`${this.options.name}: no FROM; it must be an official Python image (python:…)`);
    const { env, workdir, entrypoint, command, stopSignal, steps } = this;
    return { env, workdir, entrypoint, command, stopSignal, steps };
  }

  private takeFrom(instruction: Instruction): void {
    if (this.from) {
      throw this.cannot(instruction, 'a build in several stages is not followed; do in one stage what the app needs');
    }
    const image = splitWords(this.expand(instruction.rest)).filter((word) => !word.startsWith('--'))[0] ?? '';
    if (!PYTHON_IMAGE.test(image)) {
      throw this.cannot(
        instruction,
        'the base must be an official Python image (python:…), whose place a Python here takes',
      );
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
      const space = instruction.rest.search(/\s/);
      if (space < 0) throw this.cannot(instruction, 'ENV needs NAME=value');
      this.env[instruction.rest.slice(0, space)] = this.expand(instruction.rest.slice(space).trim());
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

  private takeWorkdir(rest: string): void {
    this.workdir = posix.resolve(this.workdir, splitWords(this.expand(rest))[0] ?? '/');
    this.steps.push({ kind: 'directory', path: this.workdir });
  }

  private takeCopy(instruction: Instruction): void {
    const { flags, heredocs, rest } = instruction;
    const unknown = flags.find((flag) => !/^--(?:chown|chmod|link)\b/.test(flag));
    if (unknown !== undefined) {
      throw this.cannot(
        instruction,
        `${unknown} is not followed; put the files into the folder and COPY them from there`,
      );
    }
    const words = rest.startsWith('[')
      ? this.jsonArray(instruction)
      : splitWords(rest).map((word) => this.expand(word));
    const target = words.pop();
    if (target === undefined || words.length === 0) throw this.cannot(instruction, 'it needs a source and a target');
    const resolved = posix.resolve(this.workdir, target);
    const intoDirectory = words.length > 1 || /(?:^|\/)\.{0,2}$/.test(target);
    if (heredocs.length > 0) {
      for (const { name, content } of heredocs) {
        this.steps.push({ kind: 'write', path: intoDirectory ? posix.join(resolved, name) : resolved, content });
      }
      return;
    }
    if (instruction.name === 'ADD' && words.some((source) => /^https?:|^git@|\.tar(?:\.\w+)?$|\.tgz$/.test(source))) {
      throw this.cannot(
        instruction,
        'ADD of addresses and archives is not followed; put the files into the folder and use COPY',
      );
    }
    const place = placeOf(this.options.name, instruction);
    this.steps.push({ kind: 'copy', sources: words, target: resolved, intoDirectory, place });
  }

  private takeRun(instruction: Instruction): void {
    const { heredocs, rest } = instruction;
    const place = placeOf(this.options.name, instruction);
    if (heredocs.length > 0 && !/^<<-?["']?\w+["']?$/.test(rest)) {
      throw cannot(place, 'a here-document for a program is not followed; write its commands as lines of RUN');
    }
    const script = rest.startsWith('[')
      ? this.jsonArray(instruction)
          .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
          .join(' ')
      : heredocs.length > 0
        ? heredocs.map(({ content }) => content).join('')
        : rest;
    this.steps.push(...runSteps(this.expand(script), this.workdir, place));
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

  private cannot(instruction: Instruction, why: string): CannotRun {
    return cannot(placeOf(this.options.name, instruction), why);
  }
}
