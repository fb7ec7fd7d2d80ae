import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { findImageAsset, type ImageAsset } from '../image-assets.js';
import { localizePath, type PathMapping } from '../localize.js';
import { type PythonImage, readDockerfile } from './dockerfile.js';
import { ensurePythonWith } from './python-environment.js';
import { parseImage, type Runner, type RunnerContext } from './runner.js';

/** An image asset of the cloud assembly on a Python base: its command runs in its build context, in a virtual environment. */
export const pythonImageRunner: Runner = {
  handles: (image, context) => assetOf(image, context.assemblyDirectory) !== undefined,

  async prepare(container, context) {
    const asset = assetOf(container.image ?? '', context.assemblyDirectory);
    if (asset === undefined) throw new Error(`${container.image}: no such image asset in ${context.assemblyDirectory}`);
    const image = readImage(asset);
    // A context that lies at / stands for nothing else: /tmp or /usr must not become its folders.
    const paths: PathMapping[] =
      image.contextRoot === '/' ? [] : [{ containerPath: image.contextRoot, folder: asset.directory }];
    const inContext = (path: string): string =>
      image.contextRoot === '/' ? join(asset.directory, path) : localizePath(path, { paths });
    const python = await ensurePythonWith(
      context.tools.python,
      { files: image.requirementFiles.map(inContext), packages: image.packages },
      context,
    );
    const { PATH: imagePath, ...imageEnv } = image.env;
    const overridden = container.entryPoint !== undefined && container.entryPoint.length > 0;
    const command = container.command !== undefined && container.command.length > 0 ? container.command : undefined;
    return {
      entryPoint: overridden ? (container.entryPoint ?? []) : image.entrypoint,
      // As in Docker, another entry point drops the image's command.
      command: command ?? (overridden ? [] : image.command),
      imageEnv: {
        // Compiled files would otherwise be written into the assembly.
        PYTHONPYCACHEPREFIX: join(context.containerDirectory, 'pycache'),
        ...imageEnv,
      },
      localEnv: localEnv(context),
      path: [
        dirname(python),
        ...(imagePath?.split(delimiter).filter((folder) => folder.startsWith(image.contextRoot)) ?? []),
      ],
      workingDirectory: container.workingDirectory ?? inContext(image.workdir),
      paths,
      stopSignal: image.stopSignal,
      ownLoopback: true,
    };
  },
};

function assetOf(image: string, assemblyDirectory: string): ImageAsset | undefined {
  const { tag } = parseImage(image);
  return tag === undefined ? undefined : findImageAsset(assemblyDirectory, tag);
}

function readImage(asset: ImageAsset): PythonImage {
  const file = join(asset.directory, asset.dockerFile);
  const name = join(basename(asset.directory), relative(asset.directory, file));
  if (!existsSync(file)) throw new Error(`${file} does not exist: an image asset needs a Dockerfile`);
  if (asset.buildTarget !== undefined) {
    throw new Error(`${name}: build target ${asset.buildTarget} cannot be built without Docker`);
  }
  return readDockerfile(readFileSync(file, 'utf8'), {
    name,
    buildArgs: asset.buildArgs,
    isDirectory: (path) => statSync(join(asset.directory, path), { throwIfNoEntry: false })?.isDirectory() ?? false,
  });
}

/** For servers that Python's start-up hook cannot reach. */
function localEnv({ loopback, address }: RunnerContext): Readonly<Record<string, string>> {
  return loopback === 'notification' ? {} : { HOST: address };
}
