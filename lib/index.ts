export { ApiKeyAuthorizer, type ApiKeyAuthorizerProps } from './authorizer/api-key-authorizer';
export {
  type FunctionAuthorizerOptions,
  type IRequestAuthorizer,
  PayloadFormat,
  RequestAuthorizer,
  type RequestAuthorizerConfig,
} from './authorizer/request-authorizer';
export { TokenAlgorithm, type TokenIssuer } from './authorizer/token-issuer';
export {
  EdgeCertificate,
  type EdgeCertificateBindOptions,
  type EdgeCertificateConfig,
  type SelfSignedCertificateOptions,
} from './edge/edge-certificate';
export type { ExistingListenerProps } from './edge/existing-load-balancer';
export { HttpsLoadBalancer } from './edge/https-load-balancer';
export type { HttpsLoadBalancerProps, LoadBalancerOptions } from './edge/https-load-balancer-props';
export type { AcmeExternalAccount, LetsEncryptOptions } from './edge/lets-encrypt-options';
export type { ForwardProps, IHttpsLoadBalancer } from './edge/listener-rules';
export type { OriginHeader } from './edge/origin-header';
export { type CognitoLoginProps, type OidcLoginProps, PageLogin, type PageLoginOptions } from './edge/page-login';
export type { SecurityHeaders } from './edge/security-headers';
export { ClaimFormat, type TokenValidation } from './edge/token-validation';
export type { FirewallRule } from './firewall/custom-rule';
export { Firewall, type FirewallProps } from './firewall/firewall';
export { FirewallLogging, type FirewallLogOptions } from './firewall/firewall-logging';
export { type ManagedRuleGroupOptions, ManagedRules } from './firewall/managed-rules';
export type { OuterNetOptions } from './firewall/outer-net';
export { RateLimit, RateLimitAction, type RateLimitOptions } from './firewall/rate-limit';
export { AuthorizerGate } from './gate/authorizer-gate';
export type { AuthorizerGateOptions, AuthorizerGateProps } from './gate/authorizer-gate-props';
export type { CorsOptions } from './gate/cors';
export { GateImage } from './gate/gate-image';
export type { GateLimits } from './gate/gate-limits';
export type { GateProps, RouteScopes } from './gate/gate-props';
export { ControlCharacters, type TextRules } from './gate/text-rules';
export type { AppContainerProps } from './service/app-container-props';
export { AppImage } from './service/app-image';
export type { DeploymentProps } from './service/deployment-props';
export type { FargateCapacityProps, FargateSpotCapacityProps } from './service/fargate-capacity-props';
export type { Ec2CapacityProps, GpuCapacityProps, InstanceCount } from './service/instance-capacity';
export { SecureTtsService } from './service/secure-tts-service';
export type { SecureTtsServiceProps } from './service/secure-tts-service-props';
export { ServiceMonitoring } from './service/service-monitoring';
export type { ServiceMonitoringProps } from './service/service-monitoring-props';
export { type PrivateNetworkProps, ServiceNetwork } from './service/service-network';
export type { ScheduledCapacity, ServiceScaling } from './service/service-scaling';
export { TaskCapacity } from './service/task-capacity';
export type { LogOptions } from './shared/log-options';
