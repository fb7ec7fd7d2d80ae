-- An action that asks the authorizer, and keeps what it allowed for a while where that is switched on.

local url = os.getenv('BENCH_AUTHORIZER')
local seconds = tonumber(os.getenv('BENCH_CACHE_SECONDS'))
local known = {}

local function allow(txn, principal)
  txn:set_var('txn.allowed', true)
  txn:set_var('txn.principal', principal)
end

core.register_action('authorize', { 'http-req' }, function(txn)
  local key = txn.sf:req_hdr('x-api-key')
  if key == nil or key == '' then return end
  local entry = known[key]
  if entry ~= nil and entry.expires > core.now().sec then
    allow(txn, entry.principal)
    return
  end
  local answer = core.httpclient():get({ url = url, headers = { ['x-api-key'] = { key } }, timeout = 2000 })
  if answer == nil or answer.status ~= 200 then return end
  local principal = (answer.headers['x-auth-principal'] or { [0] = '' })[0]
  if seconds > 0 then known[key] = { expires = core.now().sec + seconds, principal = principal } end
  allow(txn, principal)
end)
