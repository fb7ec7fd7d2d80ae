/** Which request targets have one meaning only, and which path that is. */

export type TargetJudgement =
  | { readonly kind: 'refused' }
  | {
      readonly kind: 'path';
      /** As sent, which is what the app must get. */
      readonly rawPath: string;
      /** Percent-decoded once, as every server decodes it: what is decided on. */
      readonly path: string;
      readonly query: string | undefined;
      /** The host of a target in absolute form, which counts instead of the Host header. */
      readonly authority?: string;
      readonly mayRefuse: readonly number[];
    };

export function judgeTarget(target: string, relaxedPaths: readonly string[]): TargetJudgement {
  const absolute = /^[a-z]+:\/\/([A-Za-z0-9.-]+(?::\d+)?|\[[0-9A-Fa-f:.]+\](?::\d+)?)([/?].*)?$/i.exec(target);
  const authority = absolute?.[1];
  const origin = absolute ? (absolute[2] ?? '/').replace(/^\?/, '/?') : target;
  const mark = origin.indexOf('?');
  const rawPath = mark < 0 ? origin : origin.slice(0, mark);
  const query = mark < 0 ? undefined : origin.slice(mark + 1);
  if (!rawPath.startsWith('/') || origin.includes('#')) return { kind: 'refused' };
  // Printable ASCII is all that a target may hold.
  if (!/^[!-~]*$/.test(origin)) return { kind: 'refused' };
  const mayRefuse: number[] = [];
  // A URI without a path, or of another scheme, is rare enough to be refused.
  if (absolute && (!absolute[2]?.startsWith('/') || !/^https?:/i.test(target))) mayRefuse.push(400);
  const path = decodeOnce(rawPath);
  if (path === undefined) return { kind: 'refused' };
  const relaxed = relaxedPaths.some((prefix) => rawPath.startsWith(prefix));
  if (!isPlain(rawPath, path)) {
    if (!relaxed) return { kind: 'refused' };
    // Relaxed prefixes let the honest ones through; what is still refused there has tests of its own.
    mayRefuse.push(400);
  }
  return { kind: 'path', rawPath, path, query, mayRefuse, ...(authority === undefined ? {} : { authority }) };
}

function isPlain(rawPath: string, path: string): boolean {
  if (rawPath.includes('//') || /%(2f|5c|00|25)/i.test(rawPath)) return false;
  if (path.includes(';') || path.includes('\\')) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the subject
  if (/[\u0000-\u001f\u007f]/.test(path)) return false;
  return !path.split('/').some((segment) => segment === '.' || segment === '..');
}

/** Undefined when an escape is malformed or the bytes are no UTF-8. */
function decodeOnce(rawPath: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(rawPath)) return undefined;
  const bytes = rawPath.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return undefined;
  }
}
