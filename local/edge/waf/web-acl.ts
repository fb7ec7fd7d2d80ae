import type { CustomRequestHandling, CustomResponseBody, Rule, RuleAction, WebACL } from '@aws-sdk/client-wafv2';
import type { Answer } from '../answers.js';
import { statusPage } from '../answers.js';
import type { WebAcl } from '../model.js';
import { within } from '../read-web-acl.js';
import type { Header } from '../request-headers.js';
import type { InspectedRequest } from './inspected-request.js';
import type { Matcher } from './matcher.js';
import type { RateCounters } from './rate.js';
import { compileStatement } from './statement.js';

/** What the web ACL decided. */
export interface Verdict {
  /** The answer; undefined: the request goes on. */
  readonly blocked?: Answer;
  /** The rule that decided, or `default`. */
  readonly rule: string;
  /** Headers that counting and allowing rules add for the target. */
  readonly insertHeaders: readonly Header[];
}

interface CompiledRule {
  readonly name: string;
  readonly action: RuleAction;
  readonly labels: readonly string[];
  readonly matches: Matcher;
}

export interface CompiledWebAcl {
  readonly inspectsBody: boolean;
  /** In one sentence each. */
  readonly notEmulated: readonly string[];
  inspect(request: Omit<InspectedRequest, 'labels'>): Verdict;
}

/** @param rates counters of a rule, which outlive a reading of the same rule */
export function compileWebAcl(webAcl: WebAcl, rates: (rule: Rule) => RateCounters): CompiledWebAcl {
  const { acl } = webAcl;
  const account = acl.ARN?.split(':')[4] ?? '';
  const labelPrefix = `awswaf:${account}:webacl:${acl.Name}:`;
  const notEmulated: string[] = [];
  const rules: CompiledRule[] = [];
  for (const rule of [...(acl.Rules ?? [])].sort((a, b) => (a.Priority ?? 0) - (b.Priority ?? 0))) {
    const name = rule.Name ?? '';
    const group = groupName(rule);
    const context = { ...webAcl, labelPrefix, rates: rates(rule) };
    const matches = group === undefined ? compileStatement(rule.Statement, context) : { missing: group };
    if (typeof matches !== 'function') {
      notEmulated.push(
        `Web ACL ${acl.Name}: rule ${name} is not applied, since the edge does not do ${matches.missing}.`,
      );
      continue;
    }
    const action = rule.Action ?? {};
    if (action.Captcha || action.Challenge) {
      notEmulated.push(`Web ACL ${acl.Name}: rule ${name} challenges, and no answer to a challenge is accepted here.`);
    }
    const labels = (rule.RuleLabels ?? []).map((label) => labelPrefix + label.Name);
    rules.push({ name, action, labels, matches });
  }
  return {
    inspectsBody: (acl.Rules ?? []).some((rule) => within(rule.Statement).some(readsBody)),
    notEmulated,
    inspect: (request) => inspect(rules, acl, request),
  };
}

function inspect(rules: readonly CompiledRule[], acl: WebACL, request: Omit<InspectedRequest, 'labels'>): Verdict {
  const labels: string[] = [];
  const insertHeaders: Header[] = [];
  for (const rule of rules) {
    if (!rule.matches({ ...request, labels })) continue;
    labels.push(...rule.labels);
    const { Allow, Block, Captcha, Challenge, Count } = rule.action;
    if (Block)
      return { blocked: blockAnswer(Block.CustomResponse, acl.CustomResponseBodies), rule: rule.name, insertHeaders };
    if (Challenge) return { blocked: challengeAnswer(202, 'challenge'), rule: rule.name, insertHeaders };
    if (Captcha) return { blocked: challengeAnswer(405, 'captcha'), rule: rule.name, insertHeaders };
    insertHeaders.push(...inserted((Allow ?? Count)?.CustomRequestHandling));
    if (Allow) return { rule: rule.name, insertHeaders };
  }
  const fallback = acl.DefaultAction;
  if (fallback?.Block) {
    return {
      blocked: blockAnswer(fallback.Block.CustomResponse, acl.CustomResponseBodies),
      rule: 'default',
      insertHeaders,
    };
  }
  return { rule: 'default', insertHeaders: [...insertHeaders, ...inserted(fallback?.Allow?.CustomRequestHandling)] };
}

type CustomResponse = NonNullable<NonNullable<RuleAction['Block']>['CustomResponse']>;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  APPLICATION_JSON: 'application/json',
  TEXT_HTML: 'text/html',
  TEXT_PLAIN: 'text/plain',
};

function blockAnswer(
  custom: CustomResponse | undefined,
  bodies: Readonly<Record<string, CustomResponseBody>> | undefined,
): Answer {
  if (custom === undefined) return statusPage(403);
  const body = bodies?.[custom.CustomResponseBodyKey ?? ''];
  const headers = (custom.ResponseHeaders ?? []).map(({ Name = '', Value = '' }): Header => [Name, Value]);
  const type: Header[] = body ? [['Content-Type', CONTENT_TYPES[body.ContentType ?? ''] ?? 'text/plain']] : [];
  return { status: custom.ResponseCode ?? 403, headers: [...type, ...headers], body: body?.Content ?? '' };
}

/** What a client without a token gets that does not ask for a page. */
function challengeAnswer(status: number, action: string): Answer {
  return { status, headers: [['x-amzn-waf-action', action]], body: '' };
}

function inserted(handling: CustomRequestHandling | undefined): readonly Header[] {
  return (handling?.InsertHeaders ?? []).map(({ Name = '', Value = '' }): Header => [`x-amzn-waf-${Name}`, Value]);
}

function groupName(rule: Rule): string | undefined {
  const managed = rule.Statement?.ManagedRuleGroupStatement;
  if (managed) return `managed rule groups (${managed.VendorName} ${managed.Name})`;
  const group = rule.Statement?.RuleGroupReferenceStatement;
  return group ? `rule groups (${group.ARN})` : undefined;
}

function readsBody(statement: ReturnType<typeof within>[number]): boolean {
  const fields = [
    statement.ByteMatchStatement,
    statement.SizeConstraintStatement,
    statement.RegexMatchStatement,
    statement.RegexPatternSetReferenceStatement,
  ];
  return fields.some((one) => one?.FieldToMatch?.Body !== undefined);
}
