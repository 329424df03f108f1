-- Pins and sensors.
local io_modes = {input = 0, output = 1, input_pullup = 2}

local function whole(number) return number >= 0 and math.floor(number) or math.ceil(number) end
local function rounded(value) return type(value) == "number" and math.floor(value + 0.5) or value end

local function write(pin, value, mode)
  local done, reason = host("operate", "SYS.WRITE_PIN", {pin = whole(pin), value = whole(value), mode = mode})
  if done == nil then return reason end
end

local function read_pin(pin, mode)
  return host("operate", "SYS.READ_PIN", {pin = whole(pin), mode = mode == "analog" and 1 or 0})
end

local function read_sensor(which)
  for _, sensor in ipairs((host("assets", "sensor"))) do
    if sensor.id == which or sensor.label == which then
      local raw, reason = read_pin(sensor.pin, sensor.mode == 1 and "analog" or "digital")
      if raw == nil then return nil, reason end
      local value, unit = host("in_units", sensor.pin, raw)
      return value, unit, raw
    end
  end
  return nil, "There is no sensor " .. tostring(which) .. "."
end

local function watch_pin(pin, callback)
  local started = host("watch", function()
    while true do
      local value = read_pin(pin)
      if value ~= nil then callback{pin = pin, value = value} end
      host("sleep", 500)
    end
  end)
  if not started then host("fail", "Lua failure.", "watch_pin(): a script can watch one pin only.") end
end

return {
  read_pin = function(pin, mode)
    local value, reason = read_pin(pin, mode)
    if value == nil then return nil, reason end
    return value
  end,
  read_sensor = read_sensor,
  write_pin = function(pin, mode, value) return write(pin, value, mode == "analog" and 1 or 0) end,
  on = function(pin) return write(pin, 1, 0) end,
  off = function(pin) return write(pin, 0, 0) end,
  toggle_pin = function(pin)
    local done, reason = host("operate", "SYS.TOGGLE_PIN", {pin = whole(pin)})
    if done == nil then return nil, reason end
  end,
  set_pin_io_mode = function(pin, mode)
    local done, reason = host("operate", "SYS.SET_PIN_IO_MODE", {pin = whole(pin), io_mode = io_modes[mode]})
    if done == nil then return false, reason end
    return true
  end,
  new_sensor_reading = function(reading)
    local made = {x = reading.x, y = reading.y, z = reading.z, read_at = reading.read_at or api.utc()}
    for _, name in ipairs{"pin", "mode", "value"} do made[name] = rounded(reading[name]) end
    return host("put", "sensor_reading", made)
  end,
  watch_pin = watch_pin,
}
