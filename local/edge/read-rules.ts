import type {
  Action as AwsAction,
  TargetGroup as AwsTargetGroup,
  Rule,
  RuleCondition,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Action, Condition, HealthCheck, ListenerRule } from './model.js';

export function ruleOf(rule: Rule): ListenerRule {
  return {
    priority: rule.IsDefault ? 'default' : (rule.Priority ?? 'default'),
    conditions: rule.IsDefault ? [] : (rule.Conditions ?? []).map(conditionOf),
    actions: [...(rule.Actions ?? [])].sort((a, b) => (a.Order ?? 0) - (b.Order ?? 0)).map(actionOf),
    transformed: (rule.Transforms ?? []).length > 0,
  };
}

function conditionOf(condition: RuleCondition): Condition {
  const config =
    condition.PathPatternConfig ??
    condition.HostHeaderConfig ??
    condition.HttpHeaderConfig ??
    condition.HttpRequestMethodConfig ??
    condition.SourceIpConfig;
  const regex =
    condition.PathPatternConfig?.RegexValues ??
    condition.HostHeaderConfig?.RegexValues ??
    condition.HttpHeaderConfig?.RegexValues ??
    condition.RegexValues;
  const headerName = condition.HttpHeaderConfig?.HttpHeaderName;
  return {
    field: condition.Field ?? '',
    values: config?.Values ?? condition.Values ?? [],
    regexValues: regex ?? [],
    ...(headerName === undefined ? {} : { headerName }),
    pairs: (condition.QueryStringConfig?.Values ?? []).map(({ Key, Value = '' }) => ({
      ...(Key ? { key: Key } : {}),
      value: Value,
    })),
  };
}

function actionOf(action: AwsAction): Action {
  switch (action.Type) {
    case 'forward': {
      const groups = action.ForwardConfig?.TargetGroups ?? [{ TargetGroupArn: action.TargetGroupArn, Weight: 1 }];
      return {
        type: 'forward',
        targetGroups: groups.map((group) => ({ arn: group.TargetGroupArn ?? '', weight: group.Weight ?? 1 })),
        sticky: action.ForwardConfig?.TargetGroupStickinessConfig?.Enabled ?? false,
      };
    }
    case 'redirect': {
      const config = action.RedirectConfig;
      return {
        type: 'redirect',
        protocol: config?.Protocol || '#{protocol}',
        host: config?.Host || '#{host}',
        port: config?.Port || '#{port}',
        path: config?.Path || '/#{path}',
        query: config?.Query ?? '#{query}',
        status: config?.StatusCode === 'HTTP_302' ? 302 : 301,
      };
    }
    case 'fixed-response':
      return {
        type: 'fixed-response',
        status: Number(action.FixedResponseConfig?.StatusCode ?? 503),
        contentType: action.FixedResponseConfig?.ContentType || 'text/plain',
        body: action.FixedResponseConfig?.MessageBody ?? '',
      };
    default:
      return { type: 'other', name: String(action.Type ?? 'without a type') };
  }
}

export function healthCheckOf(group: AwsTargetGroup): HealthCheck {
  return {
    protocol: group.HealthCheckProtocol ?? group.Protocol ?? 'HTTP',
    port: group.HealthCheckPort ?? 'traffic-port',
    path: group.HealthCheckPath ?? '/',
    interval: group.HealthCheckIntervalSeconds ?? 30,
    timeout: group.HealthCheckTimeoutSeconds ?? 5,
    healthyThreshold: group.HealthyThresholdCount ?? 5,
    unhealthyThreshold: group.UnhealthyThresholdCount ?? 2,
    matcher: group.Matcher?.HttpCode ?? '200',
  };
}
