export declare function checkPorts(ports: { readonly httpPort: number; readonly httpsPort: number }): Promise<void>;
