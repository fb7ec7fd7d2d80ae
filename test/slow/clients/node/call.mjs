// What every program here is told on standard input, so that no key is a process argument.
import { json } from 'node:stream/consumers';

export const readCall = () => json(process.stdin);
