/** Why nothing was spoken, as words of the page. */
export class Refusal extends Error {
  /** @param words name of the words, and what they say more. @param wait seconds until it is worth trying again. */
  constructor([name, argument], wait) {
    super(name);
    this.words = [name, argument];
    this.wait = wait;
  }
}

function retryAfter(response) {
  const given = response.headers.get('Retry-After') ?? '';
  if (/^\d+$/.test(given)) return Number(given);
  const at = Date.parse(given);
  return Number.isNaN(at) ? undefined : Math.max(1, Math.ceil((at - Date.now()) / 1000));
}

/** The refusal that an answer of the gate or the app is. */
export async function refusalOf(response, { hasSession, hasKey }) {
  const { status } = response;
  const body = await response.json().catch(() => ({}));
  const wait = retryAfter(response);
  const waiting = (name) => new Refusal([wait === undefined ? `${name}Now` : name], wait);
  if (status === 401) return new Refusal([hasSession && !hasKey ? 'sessionEnded' : 'unauthorized']);
  if (status === 403) return new Refusal(['forbidden']);
  // Only the gate's refusal of two credentials is nothing but the reason phrase; the app's are sentences.
  // The gate says beside `error` what is wrong with the text.
  if (status === 400 && typeof body?.detail === 'string') return new Refusal([body.detail]);
  if (status === 400 && hasKey && body?.error === 'Bad Request') return new Refusal(['twoKeys']);
  if (status === 429 && typeof body?.limit === 'string') {
    const [unit, period] = body.limit.split('-per-');
    return wait === undefined ? waiting('quota') : new Refusal(['quota', { unit, period }], wait);
  }
  if (status === 429) return waiting('tooMany');
  if ([502, 503, 504].includes(status)) return waiting('unavailable');
  return typeof body?.error === 'string' ? new Refusal([body.error]) : new Refusal(['failed', status]);
}
