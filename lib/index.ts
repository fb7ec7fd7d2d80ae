export { ApiKeyAuthorizer, type ApiKeyAuthorizerProps } from './api-key-authorizer';
export { AppImage } from './app-image';
export { AuthorizerGate } from './authorizer-gate';
export type { AuthorizerGateOptions, AuthorizerGateProps } from './authorizer-gate-props';
export type { CorsOptions } from './cors';
export {
  EdgeCertificate,
  type EdgeCertificateBindOptions,
  type EdgeCertificateConfig,
  type SelfSignedCertificateOptions,
} from './edge-certificate';
export type { ExistingListenerProps } from './existing-load-balancer';
export { Firewall, type FirewallProps } from './firewall';
export { FirewallLogging, type FirewallLogOptions } from './firewall-logging';
export { GateImage } from './gate-image';
export type { GateLimits } from './gate-limits';
export type { GateProps, RouteScopes } from './gate-props';
export type { GpuCapacityProps } from './gpu-capacity';
export { HttpsLoadBalancer, type HttpsLoadBalancerProps, type LoadBalancerOptions } from './https-load-balancer';
export type { ForwardProps, IHttpsLoadBalancer } from './listener-rules';
export { ManagedRules } from './managed-rules';
export { type CognitoLoginProps, type OidcLoginProps, PageLogin, type PageLoginOptions } from './page-login';
export { RateLimit, RateLimitAction, type RateLimitOptions } from './rate-limit';
export {
  type FunctionAuthorizerOptions,
  type IRequestAuthorizer,
  PayloadFormat,
  RequestAuthorizer,
  type RequestAuthorizerConfig,
} from './request-authorizer';
export { SecureTtsService } from './secure-tts-service';
export type { SecureTtsServiceProps } from './secure-tts-service-props';
export type { SecurityHeaders } from './security-headers';
export { ServiceMonitoring, type ServiceMonitoringProps } from './service-monitoring';
export { type PrivateNetworkProps, ServiceNetwork } from './service-network';
export type { ScheduledCapacity, ServiceScaling } from './service-scaling';
export { type FargateCapacityProps, type FargateSpotCapacityProps, TaskCapacity } from './task-capacity';
export { TokenAlgorithm, type TokenIssuer } from './token-issuer';
export { ClaimFormat, type TokenValidation } from './token-validation';
