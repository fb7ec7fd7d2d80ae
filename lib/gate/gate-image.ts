import { Token } from 'aws-cdk-lib';
import type * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { GATE_IMAGE_TAG } from '../../contract/names';

/**
 * The nginx image that the gate runs: a stock one on Debian, with njs 1.0.0 or later. Those on Alpine have BusyBox's tools,
 * whose sed holds the error log back.
 */
export class GateImage {
  /**
   * nginx's official image from the Amazon ECR Public Gallery. Tasks need a way to the internet to pull it.
   * @param tag a tag whose image is based on Debian and has njs 1.0.0 or later. Default: a pinned release.
   * @throws Error for what is no tag, and for a tag of Alpine.
   */
  public static publicEcr(tag: string = GATE_IMAGE_TAG): GateImage {
    if (!Token.isUnresolved(tag) && !/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(tag)) {
      throw new Error(`GateImage.publicEcr: tag must be an image tag such as "${GATE_IMAGE_TAG}", got "${tag}"`);
    }
    assertDebian('GateImage.publicEcr: tag', tag);
    return new GateImage(ecs.ContainerImage.fromRegistry(`public.ecr.aws/nginx/nginx:${tag}`), true);
  }

  /**
   * A copy of nginx's official image in your own repository: for networks without a way to the internet, and for
   * regions that the public gallery does not serve.
   * @param tagOrDigest a tag, or a digest that begins with `sha256:`. Prefer the digest: it cannot move.
   * @throws Error for a tag of Alpine.
   */
  public static fromEcr(repository: ecr.IRepository, tagOrDigest: string): GateImage {
    assertDebian('GateImage.fromEcr: tagOrDigest', tagOrDigest);
    return new GateImage(ecs.ContainerImage.fromEcrRepository(repository, tagOrDigest), false);
  }

  private constructor(
    /** The image as ECS takes it. */
    public readonly image: ecs.ContainerImage,
    /** Whether pulling it needs the internet. */
    public readonly needsInternet: boolean,
  ) {}

  /**
   * @internal
   * @throws Error with the command that copies the image, when this one comes from the internet.
   */
  public _checkReach(where: string): void {
    if (!this.needsInternet) return;
    const source = `public.ecr.aws/nginx/nginx:${GATE_IMAGE_TAG}`;
    throw new Error(
      `GateImage: ${where} cannot pull the gate's public image. Copy it into a repository of this region, for example with ` +
        `\`docker buildx imagetools create -t ACCOUNT.dkr.ecr.REGION.amazonaws.com/nginx:${GATE_IMAGE_TAG} ${source}\`, ` +
        `and give GateImage.fromEcr(repository, '${GATE_IMAGE_TAG}')`,
    );
  }
}

/** By the names of nginx's official images: `alpine`, `1.29-alpine3.22-slim`. */
function assertDebian(what: string, tag: string): void {
  if (!Token.isUnresolved(tag) && /^([\w.]+-)?alpine[\d.]*(-(slim|perl|otel))?$/i.test(tag)) {
    throw new Error(`${what} must be of an image based on Debian, such as "${GATE_IMAGE_TAG}", got "${tag}"`);
  }
}
