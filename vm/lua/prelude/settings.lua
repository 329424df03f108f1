-- Settings and status.
local device_fields = {"id", "name", "timezone", "ota_hour", "needs_reset", "mounted_tool_id", "indoor", "lat", "lng"}

local function singleton(kind)
  return function(field)
    local all = host("asset", kind, 0) or {}
    if field then return all[field] end
    return all
  end
end

local function get_device(field)
  local all, device = host("asset", "device", 0) or {}, {}
  for _, name in ipairs(device_fields) do device[name] = all[name] end
  if device.mounted_tool_id == 0 then device.mounted_tool_id = nil end
  if field then return device[field] end
  return device
end

local function update_device(fields)
  local changes, clear = {}, false
  for _, name in ipairs(device_fields) do
    if name ~= "id" then changes[name] = fields[name] end
  end
  local tool = changes.mounted_tool_id
  if tool == 0 then
    changes.mounted_tool_id, clear = nil, true
  elseif tool and not host("asset", "tool", tool) then
    host("log", "error", "Tool ID not found.", 3)
    changes.mounted_tool_id = nil
  end
  if clear then
    local done, reason = host("clear", "device", 0, "mounted_tool_id")
    if not done then return nil, reason end
  end
  if next(changes) == nil then return true end
  return host("update", "device", 0, changes)
end

local firmware = singleton("firmware_config")

-- What the account does not know, the board may.
local function get_firmware_config(field)
  local value = firmware(field)
  if field and value == nil then value = host("register", "config." .. field) end
  return value
end

local function update_firmware_config(fields)
  for name, value in pairs(fields) do
    local done, reason = host("operate", "SYS.CONFIG_UPDATE", {package = 0, config = tostring(name), value = value})
    if done == nil then return nil, reason end
  end
  return host("update", "firmware_config", 0, fields)
end

local function env(key, value)
  if value == nil then return (host("user_env", key)) end
  local done, reason = host("user_env", key, tostring(value))
  if not done then return nil, reason end
  return value
end

local function read_status(...)
  local value, reason = host("status")
  if value == nil then return nil, reason end
  for _, name in ipairs{...} do
    if type(value) ~= "table" then return nil end
    value = value[name]
  end
  return value
end

return {
  env = env,
  get_device = get_device,
  update_device = update_device,
  get_fbos_config = singleton("fbos_config"),
  update_fbos_config = function(fields) return host("update", "fbos_config", 0, fields) end,
  get_firmware_config = get_firmware_config,
  update_firmware_config = update_firmware_config,
  read_status = read_status,
  fbos_version = function() return host("version") end,
  firmware_version = function()
    local firmware_state, reason = host("register", "firmware")
    if type(firmware_state) == "table" and firmware_state.version then return firmware_state.version end
    return nil, reason or "The firmware has not said its version."
  end,
  auth_token = function()
    local account = host("web_api")
    if type(account) == "table" and account.token then return account.token end
    return nil, "No web API is configured."
  end,
}
