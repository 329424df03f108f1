-- Movement and axes. Lengths in mm, speeds in percent.
local numbers = {x = 0, y = 1, z = 2, all = 3}
local clause = "Function clause error. Check number of arguments and their types."

local function done(value, reason)
  if value == nil then return nil, reason end
  return true
end

local function position()
  local here, reason = host("register", "position")
  if not here then return nil, reason end
  if not (here.x and here.y and here.z) then return nil, "The position is not known." end
  return {x = here.x, y = here.y, z = here.z}
end

local function go(x, y, z, speed)
  speed = speed or 100
  return done(host("operate", "SYS.MOVE_ABSOLUTE",
    {x = x, y = y, z = z, x_speed = speed, y_speed = speed, z_speed = speed}))
end

local function item(kind, args) return {kind = kind, args = args} end
local function numeric(value) return item("numeric", {number = value}) end

local function check(target, name, kind)
  local value = target[name]
  if value ~= nil and type(value) ~= kind then
    host("fail", clause, string.format("move(): %s must be a %s, not a %s.", name, kind, type(value)))
  end
  return value
end

local function move(target)
  local body = {}
  for _, axis in ipairs{"x", "y", "z"} do
    local value = check(target, axis, "number")
    if value then body[#body + 1] = item("axis_overwrite", {axis = axis, axis_operand = numeric(value)}) end
  end
  local speed = check(target, "speed", "number")
  if speed then
    for _, axis in ipairs{"x", "y", "z"} do
      body[#body + 1] = item("speed_overwrite", {axis = axis, speed_setting = numeric(speed)})
    end
  end
  local grouping, route = check(target, "grouping", "string"), check(target, "route", "string")
  if grouping or route then
    body[#body + 1] = item("axis_order", {grouping = grouping or "xyz", route = route or "in_order"})
  end
  if target.safe_z then body[#body + 1] = item("safe_z", {}) end
  local ok, reason = api.rpc{kind = "move", args = {}, body = body}
  if ok then return true end
  return nil, reason
end

local function move_absolute(x, y, z, speed)
  if type(x) ~= "table" then
    if not (y and z) then
      host("fail", clause, "move_absolute(): x, y and z must all be numbers, or the first a table.")
    end
    return go(x, y, z, speed)
  end
  if y == nil then return move(x) end
  if not (type(x.x) == "number" and type(x.y) == "number" and type(x.z) == "number") then
    host("fail", clause, "move_absolute(): the table needs the numbers x, y and z.")
  end
  return go(x.x, x.y, x.z, y)
end

local function go_to_home(axis, speed)
  if axis == nil or axis == "all" then return go(0, 0, 0, speed) end
  local here, reason = position()
  if not here then return nil, reason end
  here[axis] = 0
  return go(here.x, here.y, here.z, speed)
end

local function find_home(axis)
  return done(host("operate", "SYS.FIND_HOME", {axis = numbers[axis or "all"]}))
end
local function find_axis_length(axis)
  return done(host("operate", "SYS.CALIBRATE", {axis = numbers[axis or "all"]}))
end

local function get_position(axis)
  local here, reason = position()
  if not here then return nil, reason end
  if axis then return here[axis] end
  return here
end

local function check_position(place, tolerance)
  local here = position()
  if not here then return false end
  for _, axis in ipairs{"x", "y", "z"} do
    if type(place[axis]) ~= "number" then
      host("fail", clause, "check_position(): the table needs the numbers x, y and z.")
    end
    if math.abs(here[axis] - place[axis]) > tolerance then return false end
  end
  return true
end

local function firmware(name) return tonumber((api.get_firmware_config(name))) end

local function garden_size()
  local size = {}
  for _, axis in ipairs{"x", "y", "z"} do
    local steps, per_mm = firmware("movement_axis_nr_steps_" .. axis), firmware("movement_step_per_mm_" .. axis)
    size[axis] = steps and per_mm and per_mm ~= 0 and steps / per_mm or 0
  end
  return size
end

-- Firmware commands, as the operations that send them.
local commands = {}
function commands.G00(p)
  local here, reason = position()
  if not here then return nil, reason end
  local fields = {x = p.X or here.x, y = p.Y or here.y, z = p.Z or here.z}
  for axis, letter in pairs{x = "A", y = "B", z = "C"} do
    if p[letter] then
      local most = firmware("movement_max_spd_" .. axis) or (axis == "z" and 1000 or 800)
      fields[axis .. "_speed"] = p[letter] / most * 100
    end
  end
  return host("operate", "SYS.MOVE_ABSOLUTE", fields)
end
function commands.G28() return host("operate", "SYS.HOME", {axis = 3}) end
function commands.F41(p) return host("operate", "SYS.WRITE_PIN", {pin = p.P, value = p.V, mode = p.M or 0}) end
function commands.F42(p) return host("operate", "SYS.READ_PIN", {pin = p.P, mode = p.M or 0}) end
function commands.F43(p) return host("operate", "SYS.SET_PIN_IO_MODE", {pin = p.P, io_mode = p.M}) end
function commands.F61(p) return host("operate", "SYS.SET_SERVO_ANGLE", {pin = p.P, angle = p.V}) end
function commands.F84(p)
  for _, letter in ipairs{"Z", "Y", "X"} do
    if p[letter] == 1 then
      local value, reason = host("operate", "SYS.ZERO", {axis = numbers[string.lower(letter)]})
      if value == nil then return nil, reason end
    end
  end
  return 0
end
function commands.F09() return host("operate", "SYS.EMERGENCY_UNLOCK") end
function commands.E() return host("lock") end
commands["@"] = function() return host("operate", "SYS.ABORT") end
for code, axis in pairs{F11 = 0, F12 = 1, F13 = 2} do
  commands[code] = function() return host("operate", "SYS.FIND_HOME", {axis = axis}) end
end
for code, axis in pairs{F14 = 0, F15 = 1, F16 = 2} do
  commands[code] = function() return host("operate", "SYS.CALIBRATE", {axis = axis}) end
end
commands.G0, commands.G01, commands.G1 = commands.G00, commands.G00, commands.G00

local function gcode(command, params)
  local run = commands[string.upper(command)]
  if not run then return nil, "The firmware command " .. command .. " has no operation here." end
  local letters = {}
  for key, value in pairs(params or {}) do
    if type(value) ~= "number" then host("fail", clause, "gcode(): parameters must be numbers.") end
    letters[string.upper(tostring(key))] = value
  end
  return done(run(letters))
end

return {
  move = move,
  move_absolute = move_absolute,
  go_to_home = go_to_home,
  find_home = find_home,
  find_axis_length = find_axis_length,
  get_position = get_position,
  get_xyz = function() return position() end,
  check_position = check_position,
  coordinate = function(x, y, z) return {x = x, y = y, z = z} end,
  safe_z = function() return (api.get_fbos_config("safe_height")) end,
  soil_height = function(x, y)
    local z, interpolated = host("soil_height", x, y)
    if not interpolated then
      host("log", "warn", "Need at least 3 soil height samples to interpolate. Using default soil height: " .. z, 3)
    end
    return z
  end,
  garden_size = garden_size,
  soft_stop = function() return done(host("operate", "SYS.ABORT")) end,
  emergency_lock = function() return host("lock") end,
  emergency_unlock = function() return done(host("operate", "SYS.EMERGENCY_UNLOCK")) end,
  gcode = gcode,
}
