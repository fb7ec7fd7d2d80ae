import { reservePort } from '../../local/reserved-port.js';

/** A port of 127.0.0.1 for what the test starts: nobody else is given it while this process lives. */
export async function freePort(): Promise<number> {
  return (await reservePort()).port;
}
