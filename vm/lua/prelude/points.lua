-- Points, groups, grids, tools: data.
local clause = "Function clause error. Check number of arguments and their types."
local axes = {"x", "y", "z"}

-- Days since then, rounded up.
local function age_of(planted_at)
  local planted = type(planted_at) == "string" and host("to_unix", planted_at)
  if not planted then return nil end
  return math.ceil((host("now") / 1000 - planted) / 86400)
end

local function point_table(item)
  local point = {}
  for _, name in ipairs{"id", "pointer_type", "name", "x", "y", "z", "radius", "meta", "plant_stage",
    "openfarm_slug", "planted_at", "depth", "water_curve_id", "spread_curve_id", "height_curve_id", "tool_id",
    "gantry_mounted", "pullout_direction"} do
    point[name] = item[name]
  end
  point.meta = point.meta or {}
  point.resource_id = item.id
  point.resource_type = item.pointer_type
  point.age = age_of(item.planted_at)
  return point
end

local function find_named(kind, name)
  for _, item in ipairs((host("assets", kind))) do
    if item.name == name then return item end
  end
end

local function points_of(ids)
  local list = {}
  for _, id in ipairs(ids) do
    local item = host("asset", "point", id)
    if item then list[#list + 1] = point_table(item) end
  end
  return list
end

local function get_group(group)
  if type(group) == "string" then
    local item = find_named("point_group", group)
    if not item then return {} end
    group = item.id
  end
  return points_of(host("members", group) or {})
end

local function soil_level(meta) return tostring(meta.at_soil_level or "false") end

local function filtered(pointer_type, filter, stage)
  filter = filter or {}
  stage = filter.plant_stage or stage
  local list = {}
  for _, item in ipairs((host("assets", "point"))) do
    local point = point_table(item)
    local radius, age = point.radius or 0, point.age
    if point.pointer_type == pointer_type
      and (not stage or point.plant_stage == stage)
      and (not filter.min_radius or radius >= filter.min_radius)
      and (not filter.max_radius or radius <= filter.max_radius)
      and (not filter.min_age or (age and age >= filter.min_age))
      and (not filter.max_age or (age and age <= filter.max_age))
      and (not filter.openfarm_slug or point.openfarm_slug == filter.openfarm_slug)
      and (not filter.color or point.meta.color == filter.color)
      and (filter.at_soil_level == nil or soil_level(point.meta) == tostring(filter.at_soil_level)) then
      list[#list + 1] = point
    end
  end
  return list
end

local function triple(params, name, fallback)
  local given = params[name]
  if given == nil and fallback then return {x = fallback, y = fallback, z = fallback} end
  if type(given) ~= "table" then host("fail", clause, "grid(): " .. name .. " must be a table with x, y and z.") end
  local made = {}
  for _, axis in ipairs(axes) do
    made[axis] = given[axis] or fallback
    if type(made[axis]) ~= "number" then
      host("fail", clause, "grid(): " .. name .. "." .. axis .. " must be a number.")
    end
  end
  return made
end

-- A grid of cells at start + spacing · index − offset.
local function grid(params)
  local counts, spacing = triple(params, "grid_points"), triple(params, "spacing")
  local start, offset = triple(params, "start", 0), triple(params, "offset", 0)
  local size = params.ignore_bounds or api.garden_size()
  for _, axis in ipairs(axes) do
    counts[axis] = math.floor(counts[axis])
    if counts[axis] < 1 and not params.ignore_empty then
      api.toast("Number of points must be greater than 0 for all three axes", "error")
      return nil
    end
  end
  if not params.ignore_bounds then
    for _, axis in ipairs(axes) do
      local last = start[axis] + spacing[axis] * (counts[axis] - 1) - offset[axis]
      if size[axis] > 0 and math.abs(last) > size[axis] then
        api.toast(string.format("Grid must not exceed the **AXIS LENGTH** for any axes: %s reaches %g of %g mm",
          axis, last, size[axis]), "error")
        return nil
      end
    end
  end
  local function place(axis, index) return start[axis] + spacing[axis] * index - offset[axis] end
  local function each(callback)
    local count = 0
    for z = 0, counts.z - 1 do
      for x = 0, counts.x - 1 do
        for step = 0, counts.y - 1 do
          local y = x % 2 == 0 and step or counts.y - 1 - step
          count = count + 1
          callback{x = place("x", x), y = place("y", y), z = place("z", z), count = count}
        end
      end
    end
  end
  return {total = math.max(counts.x, 0) * math.max(counts.y, 0) * math.max(counts.z, 0), each = each}
end

local function calibration(name) return tonumber((host("user_env", "CAMERA_CALIBRATION_" .. name))) end

local function photo_grid()
  local c = {}
  for _, name in ipairs{"total_rotation_angle", "coord_scale", "camera_z", "camera_offset_x", "camera_offset_y",
    "center_pixel_location_x", "center_pixel_location_y"} do
    c[name] = calibration(name)
    if not c[name] then
      api.toast("You must first run camera calibration", "error")
      return {total = 0, each = function() end}
    end
  end
  local angle = math.abs(c.total_rotation_angle)
  local r = angle % 90
  if r > 45 then r = 90 - r end
  local raw_x = 2 * c.center_pixel_location_x * c.coord_scale
  local raw_y = 2 * c.center_pixel_location_y * c.coord_scale
  local margin = 0
  if r > 0 then
    margin = math.floor(math.max(raw_x, raw_y) * (5.61 - 0.095 * r ^ 2 + 9.06 * r) / 640 + 0.5)
  end
  local picture = {x = raw_x - margin - 5, y = raw_y - margin - 5}
  if angle >= 45 then picture.x, picture.y = picture.y, picture.x end
  local size, counts = api.garden_size(), {z = 1}
  for _, axis in ipairs{"x", "y"} do
    picture[axis] = math.max(picture[axis], 10)
    counts[axis] = math.max(math.ceil((size[axis] - picture[axis]) / picture[axis]) + 1, 1)
  end
  local made = grid{
    grid_points = counts,
    start = {x = picture.x / 2, y = picture.y / 2, z = c.camera_z},
    spacing = {x = picture.x, y = picture.y, z = 0},
    offset = {x = c.camera_offset_x, y = c.camera_offset_y, z = 0},
    ignore_bounds = true,
  }
  made.x_grid_points, made.y_grid_points = counts.x, counts.y
  made.x_grid_start_mm, made.y_grid_start_mm = picture.x / 2, picture.y / 2
  made.x_grid_size_mm, made.y_grid_size_mm = size.x, size.y
  made.x_spacing_mm, made.y_spacing_mm = picture.x, picture.y
  made.x_offset_mm, made.y_offset_mm = c.camera_offset_x, c.camera_offset_y
  made.z = c.camera_z
  return made
end

local function get_seed_tray_cell(tray, cell)
  if tray.pointer_type ~= "ToolSlot" then
    api.send_message("error", "Seed Tray variable must be a seed tray in a slot")
    return nil
  end
  local row, column = string.match(string.upper(cell), "^([A-D])([1-4])$")
  if not row then
    api.send_message("error", "Seed Tray Cell must be one of **A1** through **D4**")
    return nil
  end
  local direction = tray.pullout_direction
  if direction ~= 1 and direction ~= 2 then
    api.send_message("error", "Seed Tray **SLOT DIRECTION** must be `Positive X` or `Negative X`")
    return nil
  end
  local f = direction == 1 and 1 or -1
  return {
    x = tray.x - 17.5 + 18.75 * f - 12.5 * f * (string.byte(row) - 65),
    y = tray.y - 18.75 * f + 12.5 * f * (tonumber(column) - 1),
    z = tray.z,
  }
end

local function get_curve(id)
  local curve = host("asset", "curve", id)
  if not curve then
    api.send_message("error", "Curve " .. tostring(id) .. " not found")
    return nil
  end
  local days, values = {}, {}
  for day, value in pairs(curve.data or {}) do
    day = tonumber(day)
    if day then
      days[#days + 1] = day
      values[day] = value
    end
  end
  api["table.sort"](days)
  local function day(n)
    if #days == 0 then return nil end
    if values[n] then return values[n] end
    if n < days[1] then return values[days[1]] end
    for i = 2, #days do
      local before, after = days[i - 1], days[i]
      if n < after then
        local value = values[before] + (values[after] - values[before]) * (n - before) / (after - before)
        return math.floor(value * 100 + 0.5) / 100
      end
    end
    return values[days[#days]]
  end
  return {name = curve.name, type = curve.type, unit = curve.type == "water" and "mL" or "mm", day = day}
end

local function get_tool(params)
  local tool
  if params.id then
    tool = host("asset", "tool", params.id)
  elseif params.name then
    tool = find_named("tool", params.name)
  end
  return tool and {id = tool.id, name = tool.name, flow_rate_ml_per_s = tool.flow_rate_ml_per_s or 0}
end

return {
  group = function(id) return host("members", id) or {} end,
  sort = function(ids, method) return host("sorted", ids, method) end,
  grid = grid,
  photo_grid = photo_grid,
  get_seed_tray_cell = get_seed_tray_cell,
  get_curve = get_curve,
  get_tool = get_tool,
  get_group = get_group,
  get_plants = function(filter) return filtered("Plant", filter, "planted") end,
  get_weeds = function(filter) return filtered("Weed", filter, "active") end,
  get_generic_points = function(filter) return filtered("GenericPointer", filter) end,
  point_table = point_table,
}
