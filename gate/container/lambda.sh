#!/bin/sh
# Tells nginx, on standard output, where Lambda is: from the environment, as the AWS SDKs read it.
set -eu
fail() { echo "voicegate gate: $1" >&2; exit 1; }
given=${VOICEGATE_AUTHORIZER:-}
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
characters='A-Za-z0-9_:$-'
case $given in
  '' | *[!$characters]*) fail "VOICEGATE_AUTHORIZER must be the name or ARN of a Lambda function, got \"$given\"" ;;
  arn:*:lambda:*:*:function:*) region=${given#arn:*:lambda:} region=${region%%:*} ;;
  *) [ -n "$region" ] || fail 'AWS_REGION must be set when VOICEGATE_AUTHORIZER is no ARN' ;;
esac
given=$region
case $given in *[!a-z0-9-]*) fail "AWS_REGION must be a region such as eu-west-1, got \"$given\"" ;; esac
case $region in cn-*) suffix=amazonaws.com.cn ;; *) suffix=amazonaws.com ;; esac
given=${AWS_ENDPOINT_URL_LAMBDA:-${AWS_ENDPOINT_URL:-https://lambda.$region.$suffix}}
characters='A-Za-z0-9.:/_~[-'
case $given in *[!]$characters]*) fail "AWS_ENDPOINT_URL must look like https://host:port, got \"$given\"" ;; esac
echo "$given" | grep -Eq '^https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/.*)?$' || fail "AWS_ENDPOINT_URL must look like https://host:port, got \"$given\""
scheme=${given%%:*}
authority=${given#*://}
path=
case $authority in */*) path=/${authority#*/} authority=${authority%%/*} ;; esac
# DNS does not know the name localhost.
case $authority in localhost | localhost:*) authority=127.0.0.1${authority#localhost} ;; esac
endpoint=$scheme://$authority$path
case $scheme in
  https)
    port=443
    grep -q proxy_ssl_trusted_certificate nginx.conf || fail 'found no CA certificates to verify AWS with: the image needs ca-certificates, or the init container AWS_CA_BUNDLE'
    ;;
  *) port=80 ;;
esac
case $authority in
  \[*\]) authority=$authority:$port ;;
  *:*) ;;
  *) authority=$authority:$port ;;
esac
resolve=
case ${authority%:*} in
  \[*) ;;
  *[!0-9.]*)
    grep -q '^ *resolver ' nginx.conf || fail "cannot find the address of $authority: resolv.conf names no nameserver"
    resolve=' resolve'
    ;;
esac
cat << END
upstream @LAMBDA_UPSTREAM@ {
  zone lambda 256k;
  server $authority max_fails=0$resolve;
  keepalive 16;
  keepalive_timeout 30s;
}
map '' \$gate_lambda_endpoint {
  default '$endpoint';
}
END
