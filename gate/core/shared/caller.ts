/**
 * A number for a caller, which is noted with the places that it holds: of a key, or of whatever else stands for who has an
 * allow. Two of them are taken for one in one of four thousand million cases.
 */
export function callerOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0) + 1;
}

/** Those without a key, told apart by their network. */
export function keylessCallerOf(network: string): number {
  return -callerOf(network);
}

export function isKeyless(caller: number): boolean {
  return caller < 0;
}
