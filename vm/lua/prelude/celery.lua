-- CeleryScript from Lua.
local roots = {rpc_request = true, sequence = true, execute = true}

local function cs_eval(node)
  if not roots[node.kind] then
    return false, "The node must be an rpc_request, a sequence or an execute, not " .. tostring(node.kind) .. "."
  end
  return host("evaluate", node)
end

local function rpc(command)
  return cs_eval{kind = "rpc_request", args = {label = host("random"), priority = 600}, body = {command}}
end

local function sequence(id, params)
  local body = {}
  for label, value in pairs(params or {}) do
    if type(value) == "number" then
      value = {kind = "numeric", args = {number = value}}
    elseif type(value) == "string" then
      value = {kind = "text", args = {string = value}}
    end
    body[#body + 1] = {kind = "parameter_application", args = {label = tostring(label), data_value = value}}
  end
  return rpc{kind = "execute", args = {sequence_id = id}, body = body}
end

return {cs_eval = cs_eval, rpc = rpc, sequence = sequence}
