import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A container image that the cloud assembly would build. */
export interface ImageAsset {
  /** The build context. */
  readonly directory: string;
  /** Relative to the context. */
  readonly dockerFile: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly buildTarget: string | undefined;
}

interface AssetManifest {
  readonly dockerImages?: Readonly<
    Record<
      string,
      {
        readonly source?: {
          readonly directory?: string;
          readonly dockerFile?: string;
          readonly dockerBuildArgs?: Readonly<Record<string, string>>;
          readonly dockerBuildTarget?: string;
        };
        readonly destinations?: Readonly<Record<string, { readonly imageTag?: string }>>;
      }
    >
  >;
}

/** The asset whose image carries this tag, looked up in the assembly's and its stages' asset manifests. */
export function findImageAsset(assemblyDirectory: string, tag: string): ImageAsset | undefined {
  for (const directory of assemblies(assemblyDirectory)) {
    for (const file of readdirSync(directory).filter((name) => name.endsWith('.assets.json'))) {
      const manifest = JSON.parse(readFileSync(join(directory, file), 'utf8')) as AssetManifest;
      for (const [id, { source, destinations }] of Object.entries(manifest.dockerImages ?? {})) {
        const tags = Object.values(destinations ?? {}).map(({ imageTag }) => imageTag);
        if ((id !== tag && !tags.includes(tag)) || source?.directory === undefined) continue;
        return {
          directory: resolve(directory, source.directory),
          dockerFile: source.dockerFile ?? 'Dockerfile',
          buildArgs: source.dockerBuildArgs ?? {},
          buildTarget: source.dockerBuildTarget,
        };
      }
    }
  }
  return undefined;
}

function assemblies(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const nested = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith('assembly-'))
    .flatMap((entry) => assemblies(join(directory, entry.name)));
  return [directory, ...nested];
}
