-- What wrk sends, by environment: the key as it is not to be seen among process arguments.
-- BENCH_PATH, BENCH_KEY; BENCH_DISTINCT, BENCH_FIRST: each request has a credential and a client address never sent
-- before; BENCH_HEADERS: further ones, each on a line; BENCH_BODY: send it by POST.

local key = os.getenv('BENCH_KEY')
local distinct = os.getenv('BENCH_DISTINCT')
local body = os.getenv('BENCH_BODY')
local path = os.getenv('BENCH_PATH')

wrk.path = path
if body ~= nil then
  wrk.method = 'POST'
  wrk.body = body
elseif distinct == nil then
  wrk.headers['X-API-Key'] = key
end

for name, value in string.gmatch(os.getenv('BENCH_HEADERS') or '', '([^:\n]+): ([^\n]*)\n') do
  wrk.headers[name] = value
end

if distinct ~= nil then
  local count = tonumber(os.getenv('BENCH_FIRST') or '0')
  request = function()
    count = count + 1
    local address = string.format('10.%d.%d.%d', count / 65536 % 256, count / 256 % 256, count % 256)
    local credential = string.format('Bearer e30.%s%d.c2ln', distinct, count)
    return wrk.format('GET', path, { Authorization = credential, ['X-Forwarded-For'] = address })
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"seconds":%f,"refused":%d,"failed":%d,"p50":%f,"p99":%f,"p999":%f}\n',
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000))
end
