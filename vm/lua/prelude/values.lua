-- Variables of the sequence.
local point_types = {Point = true, Plant = true, Weed = true, GenericPointer = true, ToolSlot = true}
local kinds = {Device = "device", Peripheral = "peripheral", Sensor = "sensor"}

local function point_table(id, kind)
  local item = host("asset", "point", id)
  if not item then host("fail", string.format("%s %d not found", kind or "Point", id)) end
  return theme("points").point_table(item)
end

local readers = {}
function readers.coordinate(node)
  local place = node.args
  return {x = place.x, y = place.y, z = place.z, kind = "coordinate", args = place}
end
function readers.numeric(node) return node.args.number end
function readers.text(node) return node.args.string end
function readers.point(node) return point_table(node.args.pointer_id, node.args.pointer_type) end
function readers.tool(node)
  local slot, reason = host("slot_of_tool", node.args.tool_id)
  if not slot then host("fail", reason) end
  local place = point_table(slot, "ToolSlot")
  if place.gantry_mounted then
    local here = host("register", "position")
    if here and here.x then place.x = here.x end
  end
  return place
end
function readers.point_group(node) return api.get_group(node.args.point_group_id) end
function readers.resource(node)
  local kind, id = node.args.resource_type, node.args.resource_id
  if point_types[kind] then
    local item = host("asset", "point", id)
    return item and theme("points").point_table(item)
  end
  if kinds[kind] then return (host("asset", kinds[kind], kind == "Device" and 0 or id)) end
  return {id = id, kind = kind, resource_type = kind, resource_id = id}
end

local function variable(name)
  name = name or "parent"
  local node, reason = host("variable", name)
  if not node then host("fail", reason) end
  local read = readers[node.kind]
  if not read then host("fail", "No value provided for " .. name) end
  return read(node)
end

return {variable = variable, variables = variable}
