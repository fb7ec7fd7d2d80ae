/** The shell of both containers. */

import { MASK, MASKED_LENGTH } from '../contract/mask';
import { GATE_IMAGE_TAG } from '../contract/names';
import { LAMBDA_UPSTREAM } from './locations';
import { filled } from './template';

/** The user of stock nginx images, as which the gate runs in ECS. */
const NGINX_UID = 101;

export function renderBootstrap(sha256: string): string {
  return filled('bootstrap.sh', { SHA256: sha256, TAG: GATE_IMAGE_TAG });
}

export function renderStart(): string {
  return filled('start.sh');
}

export function renderInit(requiredNjsVersion: string): string {
  return filled('init.sh', { REQUIRED_NJS: requiredNjsVersion, UID: NGINX_UID });
}

export function renderLambda(): string {
  return filled('lambda.sh', { LAMBDA_UPSTREAM });
}

export function renderGate(drainDelay: number, webSession: boolean): string {
  return filled('gate.sh', { DRAIN_DELAY: drainDelay, NEEDS_SECRET: webSession ? 'yes' : 'no' });
}

export function renderFilter(): string {
  return filled('filter.sh', { MASK, MASKED_LENGTH });
}
