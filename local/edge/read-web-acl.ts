import {
  GetIPSetCommand,
  GetRegexPatternSetCommand,
  GetWebACLForResourceCommand,
  type Statement,
  WAFNonexistentItemException,
  type WAFV2Client,
} from '@aws-sdk/client-wafv2';
import type { WebAcl } from './model.js';

/** The web ACL in front of a resource, with the sets that its rules refer to; undefined without one. */
export async function readWebAcl(waf: WAFV2Client, resourceArn: string): Promise<WebAcl | undefined> {
  const acl = await unlessMissing(() => waf.send(new GetWebACLForResourceCommand({ ResourceArn: resourceArn })));
  if (acl?.WebACL === undefined) return undefined;
  const statements = (acl.WebACL.Rules ?? []).flatMap((rule) => within(rule.Statement));
  const ipSets = arns(statements.map((one) => one.IPSetReferenceStatement?.ARN));
  const regexSets = arns(statements.map((one) => one.RegexPatternSetReferenceStatement?.ARN));
  return {
    acl: acl.WebACL,
    ipSets: await readAll(ipSets, async (reference) => {
      const found = await unlessMissing(() => waf.send(new GetIPSetCommand(reference)));
      return found?.IPSet?.Addresses;
    }),
    regexPatternSets: await readAll(regexSets, async (reference) => {
      const found = await unlessMissing(() => waf.send(new GetRegexPatternSetCommand(reference)));
      return found?.RegexPatternSet?.RegularExpressionList?.flatMap((one) => one.RegexString ?? []);
    }),
  };
}

/** A statement and all statements inside it. */
export function within(statement: Statement | undefined): readonly Statement[] {
  if (statement === undefined) return [];
  const inner = [
    ...(statement.AndStatement?.Statements ?? []),
    ...(statement.OrStatement?.Statements ?? []),
    statement.NotStatement?.Statement,
    statement.RateBasedStatement?.ScopeDownStatement,
  ];
  return [statement, ...inner.flatMap(within)];
}

interface Reference {
  readonly Name: string;
  readonly Id: string;
  readonly Scope: 'REGIONAL';
}

async function readAll(
  sets: readonly string[],
  read: (reference: Reference) => Promise<readonly string[] | undefined>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = await Promise.all(
    sets.map(async (arn) => {
      // arn:aws:wafv2:REGION:ACCOUNT:regional/ipset/NAME/ID
      const [, , Name = '', Id = ''] = arn.split(':').slice(5).join(':').split('/');
      return [arn, await read({ Name, Id, Scope: 'REGIONAL' })] as const;
    }),
  );
  return new Map(found.flatMap(([arn, values]) => (values === undefined ? [] : [[arn, values]])));
}

function arns(list: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(list.flatMap((arn) => arn ?? []))];
}

async function unlessMissing<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof WAFNonexistentItemException) return undefined;
    throw error;
  }
}
