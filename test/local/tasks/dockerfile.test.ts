import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDockerfile } from '../../../local/tasks/runners/dockerfile.js';

const DIRECTORIES = ['.', 'speech', 'speech/voices'];
const read = (text: string, buildArgs?: Record<string, string>) =>
  readDockerfile(text, { name: 'Dockerfile', isDirectory: (path) => DIRECTORIES.includes(path), buildArgs });

describe('a Dockerfile on a Python image', () => {
  it('of the own image is understood', () => {
    const image = read(readFileSync(join(import.meta.dirname, '../../../image/Dockerfile'), 'utf8'));
    expect(image).toMatchObject({
      contextRoot: image.workdir,
      requirementFiles: [`${image.workdir}/requirements.txt`],
      packages: [],
      entrypoint: [],
    });
    expect(image.command[0]).toBe('gunicorn');
  });

  it('says environment, command, stop signal and packages', () => {
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
      COPY speech ./speech
      COPY . .
      STOPSIGNAL SIGINT
      ENTRYPOINT ["python", "-m"]
      CMD ["speech", "--bind", "0.0.0.0:5000"]
    `);
    expect(image).toEqual({
      env: { A: '1', B: 'two words', C: 'x', OLD: 'form of it', D: '1x' },
      workdir: '/srv/app',
      contextRoot: '/srv/app',
      entrypoint: ['python', '-m'],
      command: ['speech', '--bind', '0.0.0.0:5000'],
      stopSignal: 'SIGINT',
      requirementFiles: ['/srv/app/requirements.txt'],
      packages: ['flask>=3', 'gunicorn==27.0.1'],
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

  it.each([
    ['FROM debian:bookworm', 1, 'official Python image'],
    ['FROM python:3\nFROM python:3', 2, 'several stages'],
    ['FROM python:3\n\nRUN apt-get update && apt-get install -y ffmpeg', 3, 'pip install'],
    ['FROM python:3\nRUN pip install flask && make', 2, 'pip install'],
    ['FROM python:3\nRUN pip install $(cat list)', 2, 'pip install'],
    ['FROM python:3\nRUN pip install --index-url https://example.com/simple x', 2, '--index-url'],
    ['FROM python:3\nCOPY --from=build /x /x', 2, 'COPY of the build context'],
    ['FROM python:3\nWORKDIR /app\nCOPY . .\nCOPY speech /elsewhere', 4, 'must keep its place'],
    ['FROM python:3\nWORKDIR /app\nCOPY config.json settings.json', 3, 'must keep its place'],
    ['FROM python:3\nADD https://example.com/x /x', 2, 'use COPY'],
    ['FROM python:3\nRUN <<END\npip install x\nEND', 2, 'here-documents'],
    ['FROM python:3\nSHELL ["bash"]', 2, 'SHELL is not supported'],
    ["FROM python:3\nCMD ['gunicorn']", 2, 'double quotes'],
    ['RUN pip install x', 1, 'FROM must come first'],
  ])('that asks for more is refused with its line: %j', (text, line, why) => {
    expect(() => read(text)).toThrow(new RegExp(`^Dockerfile, line ${line}: .*${why}`));
  });

  it('is refused when it runs somewhere else than where the files are', () => {
    expect(() => read('FROM python:3\nCOPY . /app\nWORKDIR /srv')).toThrow('WORKDIR /srv lies outside of /app');
  });
});
