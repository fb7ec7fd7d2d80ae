declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** A DynamoDB server in memory; the three numbers are milliseconds that tables take to change their state. */
  export default function dynalite(options?: {
    readonly createTableMs?: number;
    readonly deleteTableMs?: number;
    readonly updateTableMs?: number;
  }): Server;
}
