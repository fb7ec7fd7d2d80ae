import { Template } from 'aws-cdk-lib/assertions';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as firehose from 'aws-cdk-lib/aws-kinesisfirehose';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import { Firewall, FirewallLogging, type FirewallProps, ManagedRules, RateLimit } from '../../../lib';
import { only, TestStack, vpc, warnings } from '../support/stack';

interface Rule {
  readonly Name: string;
  readonly Priority: number;
  readonly Statement: {
    readonly ManagedRuleGroupStatement?: {
      readonly RuleActionOverrides: readonly { Name: string; ActionToUse: Record<string, unknown> }[];
    };
    readonly AndStatement?: { readonly Statements: readonly Record<string, unknown>[] };
  };
  readonly Action?: Record<string, unknown>;
}

function firewall(props?: FirewallProps) {
  const stack = new TestStack();
  const construct = new Firewall(stack, 'Firewall', props);
  const template = () => Template.fromStack(stack);
  const rules = () => only(template(), 'AWS::WAFv2::WebACL').Rules as readonly Rule[];
  return { stack, construct, template, rules };
}

const COMMON = 'AWSManagedRulesCommonRuleSet';
/** Rules of the common group that read what a client says, where prose looks like an attack. */
const READ_TEXT =
  /^(SizeRestrictions|EC2MetaDataSSRF|GenericLFI|RestrictedExtensions|GenericRFI|CrossSiteScripting)_(QUERYSTRING|QUERYARGUMENTS|BODY)$/;

describe('Firewall', () => {
  it('has ten times the limits of a gate, then the managed groups', () => {
    expect(
      firewall()
        .rules()
        .map(({ Name, Priority }) => [Priority, Name]),
    ).toEqual([
      [0, 'Rate-Ip'],
      [1, 'Rate-Ip-Synthesis'],
      [2, 'AWSManagedRulesAmazonIpReputationList'],
      [3, 'AWSManagedRulesKnownBadInputsRuleSet'],
      [4, 'AWSManagedRulesKnownBadInputsRuleSet-OutsideFreeText'],
      [5, COMMON],
      [6, `${COMMON}-OutsideFreeText`],
      [7, 'Text-Length'],
      [8, 'Text-ControlCharacters'],
    ]);
  });

  it('only counts, inside the common group, what misfires on prose; everything else blocks', () => {
    const overrides =
      firewall()
        .rules()
        .find(({ Name }) => Name === COMMON)?.Statement.ManagedRuleGroupStatement?.RuleActionOverrides ?? [];
    expect(overrides).toHaveLength(22);
    for (const { Name, ActionToUse } of overrides) {
      const counts = READ_TEXT.test(Name) || Name === 'NoUserAgent_HEADER';
      expect([Name, Object.keys(ActionToUse)]).toEqual([Name, [counts ? 'Count' : 'Block']]);
    }
  });

  it('blocks what was counted outside the free-text paths, spelled exactly', () => {
    const rule = firewall()
      .rules()
      .find(({ Name }) => Name === `${COMMON}-OutsideFreeText`);
    expect(Object.keys(rule?.Action ?? {})).toEqual(['Block']);
    const [labels, paths] = rule?.Statement.AndStatement?.Statements ?? [];
    const keys = (
      labels as { OrStatement: { Statements: { LabelMatchStatement: { Key: string } }[] } }
    ).OrStatement.Statements.map(({ LabelMatchStatement }) => LabelMatchStatement.Key);
    expect(keys).toHaveLength(11);
    expect(keys).toContain('awswaf:managed:aws:core-rule-set:SizeRestrictions_QueryString');
    expect(JSON.stringify(paths)).toMatch(/NotStatement.*OrStatement.*\/tts.*NONE/);
  });

  it('leaves the common group as AWS ships it where no path is free text', () => {
    const { rules } = firewall({ freeTextPaths: [], managedRules: [ManagedRules.common({ count: [] })] });
    expect(rules().map(({ Name }) => Name)).not.toContain(`${COMMON}-OutsideFreeText`);
    expect(JSON.stringify(rules().find(({ Name }) => Name === COMMON))).not.toContain('Count');
  });

  it('leaves rules that AWS ships as Count alone', () => {
    const list = firewall()
      .rules()
      .find(({ Name }) => Name === 'AWSManagedRulesAmazonIpReputationList');
    expect(JSON.stringify(list)).not.toContain('AWSManagedIPDDoSList');
  });

  it('answers every block with JSON', () => {
    const { template, rules } = firewall();
    const bodies = only(template(), 'AWS::WAFv2::WebACL').CustomResponseBodies as Record<string, { Content: string }>;
    const blocks =
      JSON.stringify(rules()).match(/"Block":\{"CustomResponse":\{[^}]*"CustomResponseBodyKey":"(\w+)"/g) ?? [];
    expect(blocks.length).toBe((JSON.stringify(rules()).match(/"Block":/g) ?? []).length);
    for (const { Content } of Object.values(bodies)) expect(JSON.parse(Content)).toHaveProperty('error');
    for (const block of blocks) expect(bodies).toHaveProperty(String(/Key":"(\w+)"/.exec(block)?.[1]));
  });

  it('hides credentials, query and body from its log, sampled requests and rule details', () => {
    const { template } = firewall();
    const log = only(template(), 'AWS::WAFv2::LoggingConfiguration');
    expect(log.RedactedFields).toEqual([
      ...['authorization', 'cookie', 'x-api-key'].map((Name) => ({ SingleHeader: { Name } })),
      { QueryString: {} },
    ]);
    expect(only(template(), 'AWS::WAFv2::WebACL').DataProtectionConfig).toEqual({
      DataProtections: [
        expect.objectContaining({
          Action: 'SUBSTITUTION',
          Field: { FieldType: 'SINGLE_HEADER', FieldKeys: ['authorization', 'cookie', 'x-api-key'] },
        }),
        expect.objectContaining({ Field: { FieldType: 'QUERY_STRING' } }),
        expect.objectContaining({ Field: { FieldType: 'BODY' } }),
      ],
    });
  });

  it('logs to a group whose name AWS WAF takes, by an ARN without wildcard', () => {
    const { template } = firewall();
    expect(only(template(), 'AWS::Logs::LogGroup').LogGroupName).toMatch(/^aws-waf-logs-[A-Za-z0-9-]+$/);
    const [destination] = only(template(), 'AWS::WAFv2::LoggingConfiguration').LogDestinationConfigs as unknown[];
    expect(JSON.stringify(destination)).toContain(':logs:eu-west-1:111122223333:log-group:');
    expect(JSON.stringify(destination)).not.toContain(':*');
  });

  it('logs nothing on request', () => {
    const { template, construct } = firewall({ logging: FirewallLogging.none() });
    template().resourceCountIs('AWS::WAFv2::LoggingConfiguration', 0);
    expect(construct.logGroup).toBeUndefined();
  });

  it('stays below the capacity that is paid extra, and warns above it', () => {
    const { construct, stack } = firewall();
    expect(construct.capacity).toBeLessThanOrEqual(1500);
    expect(construct.capacity).toBeGreaterThan(925);
    expect(warnings(stack)).toEqual([]);
    const many = Array.from({ length: 20 }, (_, index) => RateLimit.perHeader(`x-${index}`, { requests: 10 }));
    const large = firewall({ rateLimits: [RateLimit.perIp({ requests: 100 }), ...many] });
    expect(warnings(large.stack).join()).toContain(`take ${large.construct.capacity} capacity units`);
  });

  it('refuses more capacity than AWS WAF has', () => {
    const many = Array.from({ length: 150 }, (_, index) => RateLimit.perHeader(`x-${index}`, { requests: 10 }));
    expect(() => firewall({ rateLimits: [RateLimit.perIp({ requests: 100 }), ...many] })).toThrow(
      /capacity units, AWS WAF allows 5000/,
    );
  });

  it('refuses limits that a client walks around by leaving a header out', () => {
    expect(() => firewall({ rateLimits: [RateLimit.perApiKey({ requests: 100 })] })).toThrow(/add RateLimit.perIp/);
  });

  it('refuses two rules of one name', () => {
    const limit = RateLimit.perIp({ requests: 100 });
    expect(() => firewall({ rateLimits: [limit, RateLimit.perIp({ requests: 100 })] })).toThrow(/two rules are named/);
  });

  it('refuses a free-text path that is none', () => {
    expect(() => firewall({ freeTextPaths: ['tts'] })).toThrow(/freeTextPaths: "tts" is not allowed/);
  });

  it('only counts single rules of a group on request, and blocks again what counts by default', () => {
    const actions = (group: ManagedRules) =>
      Object.fromEntries(
        (
          firewall({ managedRules: [group] }).rules()[2]?.Statement.ManagedRuleGroupStatement?.RuleActionOverrides ?? []
        ).map(({ Name, ActionToUse }) => [Name, Object.keys(ActionToUse)[0]]),
      );
    expect(actions(ManagedRules.common({ count: [] })).NoUserAgent_HEADER).toBe('Block');
    const counted = actions(ManagedRules.common({ count: ['UserAgent_BadBots_HEADER'] }));
    expect([counted.NoUserAgent_HEADER, counted.UserAgent_BadBots_HEADER]).toEqual(['Block', 'Count']);
    const known = actions(ManagedRules.knownBadInputs());
    expect(
      Object.keys(known)
        .filter((name) => known[name] === 'Count')
        .sort(),
    ).toEqual([
      'JavaDeserializationRCE_BODY',
      'JavaDeserializationRCE_QUERYSTRING',
      'Log4JRCE_BODY',
      'Log4JRCE_QUERYSTRING',
      'ReactJSRCE_BODY',
    ]);
    expect(actions(ManagedRules.botControl({ count: ['CategoryHttpLibrary'] }))).toEqual({
      CategoryHttpLibrary: 'Count',
    });
    expect(() => ManagedRules.common({ count: ['NoSuchRule'] })).toThrow(
      /ManagedRules.common: count: AWSManagedRulesCommonRuleSet has no rule "NoSuchRule"; it has NoUserAgent_HEADER, /,
    );
  });

  it('has rules of its user behind its own, and counts what they cost', () => {
    const statement = { geoMatchStatement: { countryCodes: ['DE'] } };
    const own = firewall({ rules: [{ name: 'Own', statement, action: { captcha: {} }, capacity: 7 }] });
    expect(own.rules().at(-1)).toMatchObject({ Name: 'Own', Priority: 9, Action: { Captcha: {} } });
    expect(own.construct.capacity).toBe(firewall().construct.capacity + 7);
    expect(() => firewall({ rules: [{ name: 'a b', statement }] })).toThrow(
      /name must be 1 to 128 letters, .*got "a b"/,
    );
    expect(() => firewall({ rules: [{ name: 'Rate-Ip', statement }] })).toThrow(/two rules are named "Rate-Ip"/);
  });

  it('is the only one of its load balancer', () => {
    const stack = new TestStack();
    const balancer = new elbv2.ApplicationLoadBalancer(stack, 'Balancer', { vpc: vpc(stack) });
    new Firewall(stack, 'First').protect(balancer);
    new Firewall(stack, 'Second').protect(balancer);
    expect(() => Template.fromStack(stack)).toThrow(
      /takes one web ACL, but Test\/Second\/Association is the second after Test\/First\/Association/,
    );
  });

  it('takes other managed groups', () => {
    const { rules } = firewall({ managedRules: [ManagedRules.anonymousIp()] });
    expect(rules().map(({ Name }) => Name)).toContain('AWSManagedRulesAnonymousIpList');
  });

  it('protects any load balancer, also several', () => {
    const { stack, construct, template } = firewall();
    const network = vpc(stack);
    for (const id of ['A', 'B']) construct.protect(new elbv2.ApplicationLoadBalancer(stack, id, { vpc: network }));
    const associations = Object.values(template().findResources('AWS::WAFv2::WebACLAssociation'));
    expect(associations.map(({ Properties }) => Properties.ResourceArn.Ref)).toEqual([
      expect.stringMatching(/^A/),
      expect.stringMatching(/^B/),
    ]);
  });

  it('refuses longer queries than the longest text can make, on the synthesis paths alone', () => {
    const rule = firewall({ maxTextCharacters: 100 })
      .rules()
      .find(({ Name }) => Name === 'Text-Length');
    expect(JSON.stringify(rule?.Statement)).toMatch(/\/tts.*SizeConstraintStatement.*"Size":1712/);
    expect(JSON.stringify(rule?.Action)).toContain('414');
    const off = firewall({ maxTextCharacters: 0 }).rules();
    expect(off.map(({ Name }) => Name)).not.toContain('Text-Length');
  });

  it('counts control characters and never blocks them, since honest text may hold some', () => {
    const rule = firewall()
      .rules()
      .find(({ Name }) => Name === 'Text-ControlCharacters');
    expect(rule?.Action).toEqual({ Count: {} });
    const [pattern] = JSON.stringify(rule).match(/(?<="RegexString":)"[^"]*"/) ?? [];
    const expression = new RegExp(JSON.parse(String(pattern)) as string);
    expect(['a\u0000b', '\u001b[2J', '\u007f'].every((text) => expression.test(text))).toBe(true);
    expect(['two\nlines', 'tab\there', 'crlf\r\n', '你好', 'é'].some((text) => expression.test(text))).toBe(false);
  });

  it('lets named networks pass before anything else, and refuses others', () => {
    const { rules, template } = firewall({
      allowedCidrs: ['192.0.2.0/24', '2001:db8::/32', '198.51.100.7'],
      blockedCidrs: ['203.0.113.0/24'],
    });
    expect(rules().slice(0, 2)).toMatchObject([
      { Name: 'AllowedCidrs', Action: { Allow: {} } },
      { Name: 'BlockedCidrs', Action: { Block: {} } },
    ]);
    const sets = Object.values(template().findResources('AWS::WAFv2::IPSet')).map(({ Properties }) => [
      Properties.IPAddressVersion,
      Properties.Addresses,
    ]);
    expect(sets).toEqual([
      ['IPV4', ['192.0.2.0/24', '198.51.100.7/32']],
      ['IPV6', ['2001:db8::/32']],
      ['IPV4', ['203.0.113.0/24']],
    ]);
  });

  it('takes requests from some countries alone, or refuses some', () => {
    const [only] = firewall({ allowedCountries: ['DE', 'CH'] }).rules();
    expect(only).toMatchObject({
      Statement: { NotStatement: { Statement: { GeoMatchStatement: { CountryCodes: ['DE', 'CH'] } } } },
      Action: { Block: {} },
    });
    const [but] = firewall({ blockedCountries: ['XX'] }).rules();
    expect(but).toMatchObject({ Statement: { GeoMatchStatement: { CountryCodes: ['XX'] } } });
  });

  it.each<[FirewallProps, RegExp]>([
    [{ allowedCidrs: ['0.0.0.0/0'] }, /allowedCidrs: "0.0.0.0\/0" is not allowed/],
    [{ blockedCidrs: ['everybody'] }, /blockedCidrs: "everybody" is not allowed; write a network such as/],
    [{ blockedCidrs: ['::ffff:192.0.2.0/120'] }, /no IPv4-mapped/],
    [{ allowedCountries: ['Germany'] }, /allowedCountries must be two-letter codes such as "DE", got "Germany"/],
    [{ allowedCountries: ['DE'], blockedCountries: ['FR'] }, /give only one of allowedCountries, blockedCountries/],
    [{ maxTextCharacters: -1 }, /maxTextCharacters must be a whole number from 0 to 100000, got -1/],
  ])('refuses %o, saying what is allowed', (props, message) => {
    expect(() => firewall(props)).toThrow(message);
  });

  it('logs to a bucket or a delivery stream of the consumer, whose names AWS WAF takes', () => {
    const stack = new TestStack();
    const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'aws-waf-logs-mine');
    new Firewall(stack, 'Firewall', { logging: FirewallLogging.s3(bucket) });
    const destinations = only(Template.fromStack(stack), 'AWS::WAFv2::LoggingConfiguration').LogDestinationConfigs;
    expect(JSON.stringify(destinations)).toContain('s3:::aws-waf-logs-mine');
    const stream = firehose.DeliveryStream.fromDeliveryStreamAttributes(stack, 'Stream', {
      deliveryStreamArn: 'arn:aws:firehose:eu-west-1:111122223333:deliverystream/mine',
    });
    expect(() => FirewallLogging.firehose(stream)).toThrow(/the name must begin with "aws-waf-logs-".*got "mine"/);
    expect(() => FirewallLogging.s3(s3.Bucket.fromBucketName(stack, 'Other', 'mine'))).toThrow(/got "mine"/);
  });

  it('refuses a bucket or a delivery stream whose name CloudFormation would choose', () => {
    const stack = new TestStack();
    const bucket = new s3.Bucket(stack, 'Logs');
    expect(() => FirewallLogging.s3(bucket)).toThrow(/Test\/Logs has no name, .* begins with "aws-waf-logs-"/);
    const named = new s3.Bucket(stack, 'Named', { bucketName: 'waf-logs' });
    expect(() => FirewallLogging.s3(named)).toThrow(/must begin with "aws-waf-logs-", .*got "waf-logs"/);
    expect(() => FirewallLogging.s3(new s3.Bucket(stack, 'Good', { bucketName: 'aws-waf-logs-x' }))).not.toThrow();
    const stream = new firehose.DeliveryStream(stack, 'Stream', { destination: new firehose.S3Bucket(bucket) });
    expect(() => FirewallLogging.firehose(stream)).toThrow(/Test\/Stream has no name/);
  });

  it('asks for protection from floods without challenges, which programs cannot pass', () => {
    const { rules } = firewall({ managedRules: [ManagedRules.antiDdos(), ManagedRules.botControl()] });
    expect(JSON.stringify(rules())).toContain('"UsageOfAction":"DISABLED"');
    expect(JSON.stringify(rules())).toContain('"InspectionLevel":"COMMON"');
  });
});
