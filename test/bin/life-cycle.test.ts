/** The life of a key in the real table: any sequence of operations, then decisions, agree with a model. */

import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandError } from '../../bin/command-error';
import { dynamoDbKeyTable, type KeyTable } from '../../bin/keys/key-table';
import {
  type Change,
  createRecord,
  disable,
  enable,
  graceEnd,
  hashSecret,
  RETENTION,
  revoke,
  rotate,
  type TermChanges,
  update,
} from '../../bin/keys/life-cycle';
import { type ApiKey, generateApiKey } from '../../contract/api-key';
import { decide } from '../../lambda/authorizer/decide';
import { dynamoDbClient } from '../../lambda/authorizer/dynamodb-client';
import { dynamoDbKeyStore } from '../../lambda/authorizer/dynamodb-key-store';
import type { KeyStore } from '../../lambda/authorizer/key-store';
import { type KeyTableServer, PATIENT, startKeyTable } from '../lambda/authorizer/key-table';
import { NOW } from '../lambda/authorizer/keys';

const ttl = { positiveTtl: 60, negativeTtl: 10 };
const terms = { owner: 'acme', label: '', scopes: ['tts:synthesize'] };

let server: KeyTableServer;
let store: KeyStore;
beforeAll(async () => {
  server = await startKeyTable();
  const call = dynamoDbClient(server.env, PATIENT);
  store = dynamoDbKeyStore({ read: call, note: call }, server.table, (reason) => {
    throw new Error(reason);
  });
});
afterAll(() => server.stop());

const tableAt = (clock: () => number) =>
  dynamoDbKeyTable(server.client, server.table, clock, async () => 'arn:aws:iam::123456789012:user/tester');

interface Model {
  now: number;
  exists: boolean;
  revoked: boolean;
  disabled: boolean;
  notBefore: number;
  expires: number;
  label: string;
  /** Every secret that was ever given out, and until when it is one. */
  readonly secrets: { readonly secret: string; until: number }[];
}

interface Real {
  readonly keyId: string;
  readonly table: KeyTable;
  readonly clock: { now: number };
}

type Operation = fc.AsyncCommand<Model, Real>;

/** Runs an operation that the model expects to succeed or not, and compares all decisions afterwards. */
async function operate(model: Model, real: Real, isAllowed: boolean, run: () => Promise<unknown>): Promise<void> {
  const failure = await run().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (isAllowed) expect(failure).toBeUndefined();
  else expect(failure).toBeInstanceOf(CommandError);
  await compareDecisions(model, real);
}

async function compareDecisions(model: Model, real: Real): Promise<void> {
  for (const { secret, until } of model.secrets) {
    const key = { prefix: 'vg', keyId: real.keyId, secret };
    const decision = await decide({ kind: 'key', key }, store, () => model.now, ttl);
    const live = model.exists && !model.revoked && !model.disabled;
    const inTime = model.now >= model.notBefore && model.now < model.expires && model.now < until;
    expect(decision.outcome).toBe(live && inTime ? 'allow' : 'deny');
    if (decision.outcome === 'allow') {
      expect(model.now + decision.ttl).toBeLessThanOrEqual(Math.min(model.expires, until));
    }
  }
}

class Wait implements Operation {
  constructor(readonly seconds: number) {}
  check = () => true;
  async run(model: Model, real: Real) {
    model.now += this.seconds;
    real.clock.now = model.now;
    await compareDecisions(model, real);
  }
  toString = () => `wait ${this.seconds} s`;
}

class Switch implements Operation {
  constructor(readonly to: 'disable' | 'enable' | 'revoke' | 'delete') {}
  check = () => true;
  async run(model: Model, real: Real) {
    const isAllowed = model.exists && (this.to === 'revoke' || this.to === 'delete' || !model.revoked);
    if (isAllowed && this.to === 'revoke') model.revoked = true;
    if (isAllowed && this.to === 'delete') model.exists = false;
    if (isAllowed && this.to === 'disable') model.disabled = true;
    if (isAllowed && this.to === 'enable') model.disabled = false;
    const changes: Readonly<Record<string, Change>> = { disable, enable, revoke };
    const change = changes[this.to];
    await operate(model, real, isAllowed, () =>
      change === undefined ? real.table.delete(real.keyId) : real.table.change(real.keyId, change),
    );
  }
  toString = () => this.to;
}

class Update implements Operation {
  constructor(
    readonly expires: number | null | undefined,
    readonly notBefore: number | null | undefined,
    readonly label: string | undefined,
  ) {}
  check = () => true;
  async run(model: Model, real: Real) {
    const time = (offset: number | null | undefined, none: number, now: number) =>
      offset === undefined ? now : offset === null ? none : model.now + offset;
    const expires = time(this.expires, Number.POSITIVE_INFINITY, model.expires);
    const notBefore = time(this.notBefore, 0, model.notBefore);
    const label = this.label ?? model.label;
    const changesNothing = expires === model.expires && notBefore === model.notBefore && label === model.label;
    const inOrder = notBefore < expires && (expires === model.expires || expires >= model.now);
    const isAllowed = model.exists && !model.revoked && (changesNothing || inOrder);
    const changes: TermChanges = {
      ...(this.label !== undefined && { label: this.label }),
      ...(this.expires !== undefined && { expiresAt: this.expires === null ? null : model.now + this.expires }),
      ...(this.notBefore !== undefined && { notBefore: this.notBefore === null ? null : model.now + this.notBefore }),
    };
    if (isAllowed) Object.assign(model, { expires, notBefore, label });
    await operate(model, real, isAllowed, () => real.table.change(real.keyId, update(changes)));
    if (isAllowed) {
      const record = await real.table.get(real.keyId);
      expect(record.label).toBe(label);
      // The table forgets a key some time after its end, and never one that has none.
      expect(record.deleteAt).toBe(Number.isFinite(expires) ? expires + RETENTION : undefined);
    }
  }
  toString = () => `update expires ${this.expires} not-before ${this.notBefore} label ${this.label}`;
}

class Rotate implements Operation {
  constructor(
    readonly grace: number,
    readonly confirmed: boolean,
  ) {}
  check = () => true;
  async run(model: Model, real: Real) {
    const live = model.secrets.filter(({ until }) => until > model.now);
    const isAllowed =
      model.exists && !model.revoked && model.now < model.expires && (live.length < 2 || this.confirmed);
    const { secret } = generateApiKey(randomBytes);
    const current = model.secrets.at(-1);
    if (isAllowed && current !== undefined) {
      for (const older of live) older.until = Math.min(older.until, model.now);
      current.until = model.now + this.grace;
      model.secrets.push({ secret, until: Number.POSITIVE_INFINITY });
    }
    await operate(model, real, isAllowed, () =>
      real.table.change(real.keyId, rotate(hashSecret(secret), this.grace, this.confirmed), { once: true }),
    );
  }
  toString = () => `rotate with ${this.grace} s of grace${this.confirmed ? ', confirmed' : ''}`;
}

const offset = fc.option(fc.option(fc.integer({ min: -50, max: 200 })), { nil: undefined });
const operations = [
  fc.integer({ min: 1, max: 400 }).map((seconds) => new Wait(seconds)),
  // Revoking and deleting end the story: rarely.
  fc
    .constantFrom(...(['disable', 'enable', 'enable', 'disable', 'enable', 'revoke', 'delete'] as const))
    .map((to) => new Switch(to)),
  fc
    .tuple(offset, offset, fc.option(fc.string({ maxLength: 5 }), { nil: undefined }))
    .map(([expires, notBefore, label]) => new Update(expires, notBefore, label)),
  fc.tuple(fc.integer({ min: 0, max: 300 }), fc.boolean()).map(([grace, confirmed]) => new Rotate(grace, confirmed)),
];

async function newKey(
  now = NOW,
): Promise<{ readonly key: ApiKey; readonly table: KeyTable; readonly clock: { now: number } }> {
  const key = generateApiKey(randomBytes);
  const clock = { now };
  const table = await tableAt(() => clock.now);
  await table.create(createRecord(key, terms, now));
  return { key, table, clock };
}

describe('any sequence of operations on a key', () => {
  it('leads to the decisions that a model predicts, for every secret the key ever had', async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(operations, { maxCommands: 25 }), async (commands) => {
        const { key, table, clock } = await newKey();
        const model: Model = {
          now: NOW,
          exists: true,
          revoked: false,
          disabled: false,
          notBefore: 0,
          expires: Number.POSITIVE_INFINITY,
          label: '',
          secrets: [{ secret: key.secret, until: Number.POSITIVE_INFINITY }],
        };
        await fc.asyncModelRun(() => ({ model, real: { keyId: key.keyId, table, clock } }), commands);
      }),
      { numRuns: 20 },
    );
  });
});

describe('an operation that is done twice', () => {
  it.each([
    ['disable', disable],
    ['revoke', revoke],
    ['update', update({ label: 'x', expiresAt: NOW + 100 })],
  ] as const)('changes nothing the second time: %s', async (_, change) => {
    const { key, table, clock } = await newKey();
    const first = await table.change(key.keyId, change);
    clock.now += 10;
    expect(await table.change(key.keyId, change)).toEqual(first);
    expect(await table.get(key.keyId)).toEqual(first);
  });

  it('refuses to make the same key again, and leaves the first as it is', async () => {
    const { key, table } = await newKey();
    await expect(table.create(createRecord(key, { ...terms, owner: 'other' }, NOW))).rejects.toThrow(
      'already has a key',
    );
    expect((await table.get(key.keyId)).owner).toBe('acme');
  });
});

describe('an end that is asked for now', () => {
  it('comes, however long the operation takes', async () => {
    const { key, table, clock } = await newKey();
    clock.now += 30;
    expect(await table.change(key.keyId, update({ expiresAt: NOW }, NOW))).toMatchObject({ expiresAt: NOW });
    await expect(table.change(key.keyId, update({ expiresAt: NOW - 1 }, NOW))).rejects.toThrow(
      'must not lie in the past',
    );
  });
});

describe('operations at the same time', () => {
  it('all count when they do not exclude each other, and so does the authorizer’s note of the last use', async () => {
    const { key, table } = await newKey();
    await Promise.all([
      table.change(key.keyId, disable),
      table.change(key.keyId, update({ label: 'renamed' })),
      table.change(key.keyId, update({ paths: ['/tts'] })),
      store.markUsed(key.keyId, NOW),
    ]);
    expect(await table.get(key.keyId)).toMatchObject({
      disabledAt: NOW,
      label: 'renamed',
      paths: ['/tts'],
      lastUsedAt: NOW,
      version: 3,
    });
  });

  it('of several rotations exactly one wins; its secret and the one before are good, the losers’ are not', async () => {
    const { key, table } = await newKey();
    const secrets = Array.from({ length: 5 }, () => generateApiKey(randomBytes).secret);
    const results = await Promise.allSettled(
      secrets.map((secret) => table.change(key.keyId, rotate(hashSecret(secret), 3600, false), { once: true })),
    );
    const good: string[] = [];
    for (const secret of [key.secret, ...secrets]) {
      const decision = await decide({ kind: 'key', key: { ...key, secret } }, store, () => NOW, ttl);
      if (decision.outcome === 'allow') good.push(secret);
    }
    const winners = secrets.filter((_, index) => results[index]?.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    expect(good).toEqual([key.secret, ...winners]);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(CommandError);
  });

  it('never undo a revocation', async () => {
    const { key, table } = await newKey();
    const changes: readonly Change[] = [disable, enable, update({ label: 'x' }), rotate('a'.repeat(64), 60, true)];
    await Promise.allSettled([table.change(key.keyId, revoke), ...changes.map((c) => table.change(key.keyId, c))]);
    expect((await table.get(key.keyId)).revokedAt).toBe(NOW);
  });

  it('never bring back a key that is deleted at the same time', async () => {
    const { key, table } = await newKey();
    await Promise.allSettled([
      table.delete(key.keyId),
      table.change(key.keyId, disable),
      table.change(key.keyId, update({ label: 'x' })),
      store.markUsed(key.keyId, NOW),
    ]);
    await expect(table.get(key.keyId)).rejects.toThrow('there is no key');
  });
});

describe('the grace of a rotation', () => {
  it('is over at its last second, and is not there when it is zero', async () => {
    const { key, table } = await newKey();
    const record = await table.change(key.keyId, rotate('a'.repeat(64), 60, false), { once: true });
    expect(graceEnd(record, NOW + 59)).toBe(NOW + 60);
    expect(graceEnd(record, NOW + 60)).toBeUndefined();
    const again = await table.change(key.keyId, rotate('b'.repeat(64), 0, true), { once: true });
    expect(again.previousHash).toBeUndefined();
    expect(again.previousHashUntil).toBeUndefined();
  });
});
