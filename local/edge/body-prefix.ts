import type { Readable } from 'node:stream';

/** The beginning of a body: read ahead, and still to be passed on. */
export interface BodyPrefix {
  readonly bytes: Buffer;
  /** The body is complete with these bytes. */
  readonly complete: boolean;
}

/**
 * Reads ahead until there are `enough` bytes or the body ends. What was read is not in the stream any more. If the
 * client goes away, it resolves with what came.
 */
export function readPrefix(body: Readable, enough: number): Promise<BodyPrefix> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const done = (complete: boolean) => {
      body.off('readable', read);
      body.off('end', end);
      body.off('close', close);
      resolve({ bytes: Buffer.concat(chunks), complete });
    };
    const read = () => {
      for (let chunk: Buffer | null = body.read(); chunk !== null; chunk = body.read()) {
        chunks.push(chunk);
        length += chunk.length;
        if (length >= enough) return done(false);
      }
    };
    const end = () => done(true);
    const close = () => done(false);
    body.on('readable', read);
    body.on('end', end);
    body.on('close', close);
  });
}
