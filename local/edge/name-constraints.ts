/**
 * The value of an X.509 NameConstraints extension (RFC 5280, 4.2.1.10) that permits `localhost` and the loopback
 * addresses, and nothing else of these kinds.
 */
export function loopbackConstraints(): Uint8Array {
  const ipv4 = [127, 0, 0, 0, 255, 0, 0, 0];
  const ipv6 = [...new Array(15).fill(0), 1, ...new Array(16).fill(255)];
  const subtree = (tag: number, value: readonly number[]) => der(0x30, der(tag, value));
  const permitted = [
    ...subtree(0x82, [...Buffer.from('localhost', 'ascii')]),
    ...subtree(0x87, ipv4),
    ...subtree(0x87, ipv6),
  ];
  return Uint8Array.from(der(0x30, der(0xa0, permitted)));
}

/** A DER value shorter than 128 bytes, whose length therefore is one byte. */
function der(tag: number, content: readonly number[]): readonly number[] {
  return [tag, content.length, ...content];
}
