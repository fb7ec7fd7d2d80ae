import { PAGE_PATHS, SYNTHESIS_PATHS } from '../../contract/names';
import type { ForwardProps } from '../edge/listener-rules';
import { overlaps } from '../edge/path-rules';
import { checkPathPatterns } from '../shared/checks';
import { AppImage } from './app-image';
import type { SecureTtsServiceProps } from './secure-tts-service-props';

/** What the load balancer's rules for a service are made of. */
export type ServiceRules = Pick<
  ForwardProps,
  'conditions' | 'pageLogin' | 'pageLoginPaths' | 'tokenValidation' | 'tokenValidationPaths'
>;

/** @throws Error naming a path that makes no sense. */
export function listenerRules(props: SecureTtsServiceProps): ServiceRules {
  return {
    conditions: props.routing,
    pageLogin: props.pageLogin,
    pageLoginPaths: loginPaths(props),
    tokenValidation: props.tokenValidation,
    tokenValidationPaths: props.tokenValidationPaths ?? (props.tokenValidation && props.synthesisPaths),
  };
}

/** Of somebody else's app nobody but they can tell what anybody may read. */
export function publicPathsOf(props: Pick<SecureTtsServiceProps, 'image' | 'publicPaths'>): string[] | undefined {
  return props.publicPaths ?? (AppImage._isBundled(props.image) ? [...PAGE_PATHS] : undefined);
}

function loginPaths(props: SecureTtsServiceProps): string[] | undefined {
  if (!props.pageLogin) {
    if (props.pageLoginPaths) throw new Error('SecureTtsService: pageLoginPaths needs pageLogin');
    return undefined;
  }
  const publicPaths = publicPathsOf(props) ?? [];
  const paths = props.pageLoginPaths ?? publicPaths.filter((path) => path.startsWith('/'));
  checkPathPatterns('SecureTtsService: pageLoginPaths', paths);
  if (paths.length === 0) {
    throw new Error('SecureTtsService: pageLogin needs paths, and publicPaths has none for GET; give pageLoginPaths');
  }
  for (const path of paths) {
    const api = (props.synthesisPaths ?? SYNTHESIS_PATHS).find((synthesis) => overlaps(path, synthesis));
    if (api !== undefined) {
      throw new Error(
        `SecureTtsService: pageLoginPaths: "${path}" takes the synthesis path "${api}", whose callers cannot log in; name paths of pages only`,
      );
    }
    const reachable = publicPaths.some((route) => overlaps(path, route.slice(route.indexOf('/'))));
    if (!props.webSession && !reachable) {
      throw new Error(
        `SecureTtsService: pageLoginPaths: "${path}" is not public, so the gate would refuse a browser after its login; add it to publicPaths or set webSession: true`,
      );
    }
  }
  return paths;
}
