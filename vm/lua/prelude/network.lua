-- Network, data, camera, serial ports.
local function http(params)
  local response, reason = host("fetch", params)
  if response then return response end
  host("log", "error", "HTTP client error: " .. tostring(reason), 1)
  return nil, "HTTP CLIENT ERROR - See log for details"
end

local function complain(text)
  api.send_message("error", text)
  return nil
end

local function request(params)
  if type(params.url) ~= "string" then return complain("Missing URL in HTTP request") end
  local account = host("web_api")
  if type(account) ~= "table" or not account.server then
    return complain("NETWORK ERROR: no web API is configured.")
  end
  local headers = {Authorization = "bearer " .. tostring(account.token), Accept = "application/json"}
  headers["Content-Type"] = "application/json"
  for name, value in pairs(params.headers or {}) do headers[name] = value end
  local path = string.sub(params.url, 1, 1) == "/" and params.url or "/" .. params.url
  local body = params.body
  if type(body) == "table" then body = host("encode", body) end
  local response, reason = host("fetch",
    {url = account.server .. path, method = params.method, headers = headers, body = body})
  if not response then return complain("NETWORK ERROR: " .. tostring(reason)) end
  if response.status > 299 then return complain("HTTP ERROR: " .. tostring(response.status) .. " " .. path) end
  return (host("decode", response.body))
end

local function run_script(label, env)
  local done, reason = host("operate", "SYS.EXECUTE_SCRIPT", {label = label, env = env or {}})
  if done == nil then return reason end
end

local function take_photo(width, height, args)
  if type(width) == "table" then width, args = nil, width end
  if not (width or height or args) then
    local done, reason = host("operate", "SYS.TAKE_PHOTO")
    if done == nil then return reason end
    return
  end
  local env = {}
  if width then env.take_photo_width = tostring(width) end
  if height then env.take_photo_height = tostring(height) end
  if args then env.take_photo_args = host("encode", args) end
  return run_script("take-photo", env)
end

local no_serial = "Serial ports are not available to scripts here: the firmware's is the hypervisor's own."

return {
  http = http,
  api = request,
  ["json.encode"] = function(value) return host("encode", value) end,
  ["json.decode"] = function(text) return host("decode", text) end,
  inspect = function(value) return host("encode", value) end,
  ["base64.encode"] = function(bytes) return host("to_base64", bytes) end,
  ["base64.decode"] = function(text) return host("from_base64", text) end,
  take_photo = take_photo,
  take_photo_raw = function() return nil, "The bytes of a photo are not available to scripts here: use take_photo()." end,
  calibrate_camera = function() return run_script("camera-calibration") end,
  detect_weeds = function() return run_script("plant-detection") end,
  measure_soil_height = function() return run_script("Measure Soil Height") end,
  ["uart.list"] = function() return nil, no_serial end,
  ["uart.open"] = function() return nil, no_serial end,
}
