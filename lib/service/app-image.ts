import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecrAssets from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { shown } from '../shared/kinds';
import { packageRoot } from '../shared/package-root';
import { isArm } from './task-architecture';

/** Registries of the account, whatever the partition: amazonaws.com, .com.cn, amazonaws.eu, and those of isolated regions. */
const ECR_URI =
  /^(?<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?<region>[a-z0-9-]+)\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)\/(?<name>[a-z0-9._/-]+?)(?::(?<tag>[\w.-]+))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;
const URI = /^[a-z0-9][a-z0-9.-]*(:\d+)?(\/[a-z0-9._-]+)*(:[\w.-]{1,128})?(@sha256:[0-9a-f]{64})?$/;

/**
 * The app's image, for those who have a folder or a URI. Any other `ecs.ContainerImage` will do as well.
 */
export abstract class AppImage extends ecs.ContainerImage {
  /** The text-to-speech image of this package, built from its folder `image/`. */
  public static bundled(): AppImage {
    return new BundledImage();
  }

  /**
   * Whether it is the image of this package, whose page anybody may read.
   * @internal
   */
  public static _isBundled(image?: ecs.ContainerImage): boolean {
    return image instanceof BundledImage;
  }

  /** An image that is built from a folder with a Dockerfile, for the CPU architecture of its task. */
  public static fromFolder(folder: string): AppImage {
    if (typeof folder !== 'string' || !existsSync(join(folder, 'Dockerfile'))) {
      throw new Error(`AppImage.fromFolder: folder must be one with a Dockerfile, got ${shown(folder)}`);
    }
    return new FolderImage(folder);
  }

  /**
   * An image by its URI. For one in Amazon ECR (`ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG`) the tasks get the
   * right to pull it.
   */
  public static fromUri(uri: string): AppImage {
    if (typeof uri !== 'string' || !URI.test(uri)) {
      throw new Error(
        `AppImage.fromUri: ${shown(uri)} is no image URI and no folder with a Dockerfile; expected for example ` +
          '123456789012.dkr.ecr.eu-west-1.amazonaws.com/tts:1',
      );
    }
    return new UriImage(uri);
  }
}

class FolderImage extends AppImage {
  constructor(private readonly folder: string) {
    super();
  }

  public bind(scope: Construct, container: ecs.ContainerDefinition): ecs.ContainerImageConfig {
    // An image built on a laptop for the laptop's architecture ends in "exec format error" on the task.
    const platform = isArm(container.taskDefinition) ? ecrAssets.Platform.LINUX_ARM64 : ecrAssets.Platform.LINUX_AMD64;
    return ecs.ContainerImage.fromAsset(this.folder, { platform }).bind(scope, container);
  }
}

class BundledImage extends FolderImage {
  constructor() {
    super(join(packageRoot(__dirname), 'image'));
  }
}

class UriImage extends AppImage {
  constructor(private readonly uri: string) {
    super();
  }

  public bind(scope: Construct, container: ecs.ContainerDefinition): ecs.ContainerImageConfig {
    const { account, region, name, tag, digest } = ECR_URI.exec(this.uri)?.groups ?? {};
    if (account === undefined || region === undefined || name === undefined) {
      return ecs.ContainerImage.fromRegistry(this.uri).bind(scope, container);
    }
    const repository = ecr.Repository.fromRepositoryAttributes(scope, 'ImageRepository', {
      repositoryName: name,
      repositoryArn: `arn:${Stack.of(scope).partition}:ecr:${region}:${account}:repository/${name}`,
    });
    return ecs.ContainerImage.fromEcrRepository(repository, digest ?? tag ?? 'latest').bind(scope, container);
  }
}
