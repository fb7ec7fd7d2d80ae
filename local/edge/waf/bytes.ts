/**
 * AWS WAF works on bytes. Here a request's components are strings of one character a byte (latin1), as Node's HTTP
 * parser gives them, so that lengths, positions and expressions count bytes.
 */
export type Bytes = string;

export function bytesOf(text: string): Bytes {
  return Buffer.from(text, 'utf8').toString('latin1');
}

export function bytesOfBuffer(buffer: Uint8Array): Bytes {
  return Buffer.from(buffer).toString('latin1');
}
