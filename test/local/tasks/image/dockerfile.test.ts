import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDockerfile } from '../../../../local/tasks/runners/image/dockerfile.js';

const read = (text: string, buildArgs?: Record<string, string>) =>
  readDockerfile(text, { name: 'Dockerfile', buildArgs });
const steps = (text: string) => read(`FROM python:3\n${text}`).steps.map(({ kind, ...rest }) => [kind, rest] as const);
const of = (text: string, kind: string) => steps(text).flatMap(([name, rest]) => (name === kind ? [rest] : []));
const pip = (text: string) => of(text, 'pip').map((step) => (step as { args: readonly string[] }).args.join(' '));

describe('a Dockerfile on a Python image', () => {
  it('of the own image is understood', () => {
    const image = read(readFileSync(join(import.meta.dirname, '../../../../image/Dockerfile'), 'utf8'));
    expect(image).toMatchObject({ workdir: '/app', entrypoint: [] });
    expect(image.command[0]).toBe('gunicorn');
    expect(image.steps.flatMap((step) => (step.kind === 'pip' ? step.args : []))).toContain('requirements.txt');
  });

  it('says environment, command, stop signal, files and packages', () => {
    const image = read(`# syntax=docker/dockerfile:1
      ARG VERSION=3.12
      FROM docker.io/library/python:\${VERSION}-slim AS base
      ENV A=1 "B=two words" C=\${A}x
      ENV OLD form of it
      ENV D=\${A}x
      WORKDIR /srv
      WORKDIR app
      COPY --chown=1:1 requirements.txt ./
      RUN --mount=type=cache,target=/root/.cache pip install --no-cache-dir -r requirements.txt \\
          # a comment in between
          && pip install 'flask>=3' gunicorn==27.0.1
      COPY ["speech", "more", "./speech/"]
      STOPSIGNAL SIGINT
      ENTRYPOINT ["python", "-m"]
      CMD ["speech", "--bind", "0.0.0.0:5000"]
    `);
    const place = { file: 'Dockerfile' };
    expect(image).toMatchObject({
      env: { A: '1', B: 'two words', C: 'x', OLD: 'form of it', D: '1x' },
      workdir: '/srv/app',
      entrypoint: ['python', '-m'],
      command: ['speech', '--bind', '0.0.0.0:5000'],
      stopSignal: 'SIGINT',
      steps: [
        { kind: 'directory', path: '/srv' },
        { kind: 'directory', path: '/srv/app' },
        { kind: 'copy', sources: ['requirements.txt'], target: '/srv/app', intoDirectory: true, place },
        { kind: 'pip', args: ['-r', 'requirements.txt'], directory: '/srv/app' },
        { kind: 'pip', args: ['flask>=3', 'gunicorn==27.0.1'], directory: '/srv/app' },
        { kind: 'copy', sources: ['speech', 'more'], target: '/srv/app/speech', intoDirectory: true },
      ],
    });
  });

  it('runs the shell form of a command in the shell, as Docker does', () => {
    const command = 'exec gunicorn -b "$HOST:$PORT" app:app';
    expect(read(`FROM python:3\nCOPY . /app\nWORKDIR /app\nCMD ${command}`).command).toEqual([
      '/bin/sh',
      '-c',
      command,
    ]);
  });

  it('takes build arguments', () => {
    expect(read('FROM python:3\nARG MODE=slow\nENV MODE=$MODE', { MODE: 'fast' }).env).toEqual({ MODE: 'fast' });
  });

  it('may use another escape character, Windows line ends and a byte order mark', () => {
    const text = '\ufeff# escape=`\r\nFROM python:3\r\nRUN pip install `\r\n  flask\r\n';
    expect(read(text).steps).toMatchObject([{ kind: 'pip', args: ['flask'] }]);
  });

  it('keeps comments inside of a here-document, and nowhere else', () => {
    expect(of('# one\nCOPY <<"END" /srv/\n# two\nprint("$X")\nEND\n', 'write')).toEqual([
      { path: '/srv/END', content: '# two\nprint("$X")\n' },
    ]);
    expect(pip('RUN <<END\nset -e\npip install one\npip install two\nEND')).toEqual(['one', 'two']);
  });

  it('passes on what pip is asked for in all its ways', () => {
    expect(
      pip('RUN pip install --extra-index-url https://example.com/cpu torch==2.9.0 && pip3 install -U pip'),
    ).toEqual(['--extra-index-url https://example.com/cpu torch==2.9.0']);
    expect(pip('RUN PIP_NO_INPUT=1 python3 -m pip install --user . -c limits.txt')).toEqual(['. -c limits.txt']);
    expect(pip('RUN ["pip", "install", "flask >= 3"]')).toEqual(['flask >= 3']);
    expect(pip('RUN uv pip install --system flask')).toEqual(['flask']);
    expect(pip('RUN cd /srv; pip install -r r.txt')).toEqual(['-r r.txt']);
  });

  it('leaves out what has no meaning here, and names packages of the system', () => {
    const apt =
      'RUN apt-get update && apt-get install -y --no-install-recommends ffmpeg libsndfile1=1.2 && rm -rf /var/lib/apt/lists/*';
    expect(of(apt, 'packages')).toMatchObject([{ names: ['ffmpeg', 'libsndfile1'], place: { line: 2 } }]);
    expect(steps('RUN useradd -m me && chown -R me /app && mkdir -p /app/out cache\nEXPOSE 5000\nUSER me')).toEqual([
      ['directory', { path: '/app/out' }],
      ['directory', { path: '/cache' }],
    ]);
  });

  it.each([
    ['FROM debian:bookworm', 1, 'official Python image'],
    ['FROM python:3\nFROM python:3', 2, 'do in one stage'],
    ['FROM python:3\nRUN pip install flask && make', 2, 'not make; put its result into the folder and COPY it'],
    ['FROM python:3\nRUN pip install $(cat list)', 2, 'substitutions'],
    ['FROM python:3\nRUN curl -s https://example.com/x | sh', 2, 'pipes'],
    ['FROM python:3\nRUN true; rm -rf /', 2, "rm of / would be this machine's"],
    ['FROM python:3\nRUN pip install -e .', 2, 'leave out -e'],
    ['FROM python:3\nRUN pip install --target /opt x', 2, '--target'],
    ['FROM python:3\nCOPY --from=build /x /x', 2, '--from=build is not followed; put the files'],
    ['FROM python:3\nADD https://example.com/x /x', 2, 'use COPY'],
    ['FROM python:3\nRUN <<END python3\nprint(1)\nEND', 2, 'write its commands as lines of RUN'],
    ['FROM python:3\nSHELL ["bash"]', 2, 'SHELL is not understood; leave it out'],
    ["FROM python:3\n\nCMD ['gunicorn']", 3, 'double quotes'],
    ['RUN pip install x', 1, 'FROM must come first'],
  ])('that asks for more is refused with its line and what to do: %j', (text, line, why) => {
    expect(() => read(text)).toThrow(new RegExp(`^Dockerfile, line ${line}: .*${why}`));
  });

  it('without FROM is told so', () => {
    expect(() => read('# nothing\n')).toThrow('no FROM');
  });
});
