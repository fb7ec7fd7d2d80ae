import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { localizePath } from '../../localize.js';
import { parseImage, type Runner, type RunnerContext } from '../runner.js';
import { type PythonImage, readDockerfile } from './dockerfile.js';
import { findImageAsset, type ImageAsset } from './image-assets.js';
import { ensurePythonWith } from './python-environment.js';
import { makeRootFolder } from './root-folder.js';
import { CannotRun, type Step } from './step.js';

/** Where a container looks for programs; what the image put there lies in its root folder. */
const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/**
 * An image asset of the cloud assembly on a Python base: its command runs in a folder that stands for the container's
 * root, with the packages that its Dockerfile installs in a virtual environment.
 */
export const pythonImageRunner: Runner = {
  handles: (image, context) => assetOf(image, context.assemblyDirectory) !== undefined,

  async prepare(container, context) {
    const asset = assetOf(container.image ?? '', context.assemblyDirectory);
    if (asset === undefined) throw new Error(`${container.image}: no such image asset in ${context.assemblyDirectory}`);
    const image = readImage(asset);
    const root = join(context.containerDirectory, 'root');
    const paths = await makeRootFolder(image.steps, asset.directory, root);
    const inRoot = (path: string): string => localizePath(path, { paths });
    await tellMissingPackages(image.steps, context);
    const python = await ensurePythonWith(
      context.tools.python,
      image.steps.flatMap((step) =>
        step.kind === 'pip' ? [{ args: step.args, directory: inRoot(step.directory), locate: inRoot }] : [],
      ),
      basename(asset.directory),
      context,
    );
    const { PATH: imagePath, ...imageEnv } = image.env;
    const overridden = container.entryPoint !== undefined && container.entryPoint.length > 0;
    const command = container.command !== undefined && container.command.length > 0 ? container.command : undefined;
    const programs = [...(imagePath?.split(delimiter) ?? []), ...SYSTEM_PATH].map((folder) => join(root, folder));
    return {
      entryPoint: overridden ? (container.entryPoint ?? []) : image.entrypoint,
      // As in Docker, another entry point drops the image's command.
      command: command ?? (overridden ? [] : image.command),
      imageEnv,
      localEnv: localEnv(context),
      path: [dirname(python), ...new Set(programs.filter((folder) => existsSync(folder)))],
      workingDirectory: container.workingDirectory ?? (image.workdir === '/' ? root : inRoot(image.workdir)),
      paths,
      stopSignal: image.stopSignal,
      ownLoopback: true,
    };
  },
};

/** For servers that Python's start-up hook cannot reach. */
function localEnv({ loopback, address }: RunnerContext): Readonly<Record<string, string>> {
  return loopback === 'notification' ? {} : { HOST: address };
}

function assetOf(image: string, assemblyDirectory: string): ImageAsset | undefined {
  const { tag } = parseImage(image);
  return tag === undefined ? undefined : findImageAsset(assemblyDirectory, tag);
}

function readImage(asset: ImageAsset): PythonImage {
  const file = join(asset.directory, asset.dockerFile);
  const name = relative(asset.directory, file);
  if (!existsSync(file)) throw new CannotRun(`${file} does not exist: an image asset needs a Dockerfile`);
  if (asset.buildTarget !== undefined) {
    throw new CannotRun(
      `${name}: build target ${asset.buildTarget} cannot be built without Docker; leave the target out`,
    );
  }
  return readDockerfile(readFileSync(file, 'utf8'), { name, buildArgs: asset.buildArgs });
}

/** Packages of the system are not installed: what the app finds of them is this machine's. */
async function tellMissingPackages(steps: readonly Step[], { onWarning }: RunnerContext): Promise<void> {
  for (const step of steps) {
    if (step.kind !== 'packages') continue;
    const { file, line, text } = step.place;
    const missing = await missingPackages(step.names);
    if (missing.length === 0) continue;
    onWarning(
      `${file}, line ${line}: "${text}" is not done here, and this machine lacks ${missing.join(', ')}. ` +
        `If the app needs it: sudo apt-get install ${missing.join(' ')}`,
    );
  }
}

/** Those of Debian's packages that are not installed; all of them where there is no dpkg. */
async function missingPackages(names: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    names.map((name) =>
      promisify(execFile)('dpkg-query', ['--status', '--', name]).then(
        ({ stdout }) => /^Status: .* installed$/m.test(stdout),
        () => false,
      ),
    ),
  );
  return names.filter((_, i) => found[i] !== true);
}
