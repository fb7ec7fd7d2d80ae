import { CHALLENGE_ENV, CHALLENGE_PATH } from '../../contract/acme';

/** What a load balancer sends, as far as it is read. */
interface LoadBalancerEvent {
  readonly httpMethod: string;
  readonly path: string;
}

interface LoadBalancerAnswer {
  readonly statusCode: number;
  readonly statusDescription: string;
  readonly isBase64Encoded: false;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A token is base64url with at least 128 bits (RFC 8555, 8.3). */
const TOKEN = /^[A-Za-z0-9_-]{16,256}$/;

/**
 * Answers HTTP-01 challenges for one account: the token, a dot, and the thumbprint of the account's key (RFC 8555, 8.3).
 * No state and no rights: whoever asks gets an answer that helps only the holder of that key.
 */
export const handler = async ({ httpMethod, path }: LoadBalancerEvent): Promise<LoadBalancerAnswer> => {
  const token = path.startsWith(CHALLENGE_PATH) ? path.slice(CHALLENGE_PATH.length) : '';
  const thumbprint = process.env[CHALLENGE_ENV.thumbprint];
  return httpMethod === 'GET' && TOKEN.test(token) && thumbprint
    ? answer('200 OK', 'application/octet-stream', `${token}.${thumbprint}`)
    : answer('404 Not Found', 'application/json', JSON.stringify({ error: 'Not Found' }));
};

function answer(status: string, type: string, body: string): LoadBalancerAnswer {
  return {
    statusCode: Number(status.slice(0, 3)),
    statusDescription: status,
    isBase64Encoded: false,
    headers: { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
    body,
  };
}
