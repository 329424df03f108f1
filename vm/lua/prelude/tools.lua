-- Tools and watering: what to do with them. Every movement is checked: one that fails ends the work.
local verification_pin = 63 -- 0: a tool is there
local pullout = {{"x", 100}, {"x", -100}, {"y", 100}, {"y", -100}}

local function refuse(text)
  api.toast(text, "error")
  return nil
end

-- Moves, and says why when it cannot.
local function moved(job, target)
  local ok, reason = api.move(target)
  if ok then return true end
  api.set_job(job, {status = "Failed"})
  api.toast(job .. " failed: " .. tostring(reason), "error")
  return false
end

local function in_front(slot)
  local step = pullout[slot.pullout_direction]
  local place = {x = slot.x, y = slot.y, z = slot.z}
  place[step[1]] = place[step[1]] + step[2]
  return place
end

-- Why nobody can drive into this slot, or nil.
local function slot_trouble(slot)
  if slot.gantry_mounted then return "Tool slot is gantry mounted: it cannot be used automatically" end
  if not pullout[slot.pullout_direction] then return "Tool slot must have a **SLOT DIRECTION**" end
end

local function slot_of(tool_id)
  local id = host("slot_of_tool", tool_id)
  return id and theme("points").point_table((host("asset", "point", id)))
end

local function verify_tool()
  local value, reason = api.read_pin(verification_pin)
  if value == nil then
    api.toast("The tool verification pin cannot be read: " .. tostring(reason), "error")
    return false
  end
  if value == 1 then
    api.toast("No tool detected on the UTM - there is no electrical connection between UTM pins B and C.", "error")
    return false
  end
  local id = api.get_device("mounted_tool_id")
  if not id then
    api.toast("A tool is mounted but FarmBot does not know which one - check the **MOUNTED TOOL** dropdown in the Tools panel.", "error")
    return false
  end
  local tool = api.get_tool{id = id}
  api.send_message("success", "The " .. (tool and tool.name or "tool") .. " is mounted on the UTM")
  return true
end

local function mount_tool(slot)
  if type(slot) == "string" then
    local tool = api.get_tool{name = slot}
    if not tool then return refuse("There is no tool named " .. slot) end
    local found = slot_of(tool.id)
    if not found then return refuse("The tool " .. slot .. " is in no slot") end
    slot = found
  end
  local value, reason = api.read_pin(verification_pin)
  if value == nil then return refuse("The tool verification pin cannot be read: " .. tostring(reason)) end
  if value == 0 then return refuse("A tool is already mounted to the UTM - dismount it first.") end
  if api.get_device("mounted_tool_id") then
    return refuse("A tool is already mounted according to the **MOUNTED TOOL** dropdown in the Tools panel.")
  end
  if slot.pointer_type ~= "ToolSlot" then return refuse("Tool variable must be a tool in a slot") end
  local trouble = slot_trouble(slot)
  if trouble then return refuse(trouble) end
  local tool = slot.tool_id and api.get_tool{id = slot.tool_id}
  if not tool then return refuse("There is no tool in the slot") end

  local job = "Mounting " .. tool.name
  local out = in_front(slot)
  out.speed = 50
  local steps = {
    {percent = 0, status = "Retracting Z", to = {z = api.safe_z() or 0}},
    {percent = 20, status = "Moving to slot", to = {x = slot.x, y = slot.y}},
    {percent = 40, status = "Lowering UTM", to = {z = slot.z}},
    {percent = 60, status = "Pulling tool out", to = out},
  }
  for _, step in ipairs(steps) do
    api.set_job(job, {percent = step.percent, status = step.status})
    if not moved(job, step.to) then return nil end
  end
  api.set_job(job, {percent = 80, status = "Verifying tool"})
  if api.read_pin(verification_pin) ~= 0 then
    api.set_job(job, {status = "Failed"})
    return refuse("Tool mounting failed - no electrical connection between UTM pins B and C.")
  end
  api.update_device{mounted_tool_id = tool.id}
  api.complete_job(job)
  api.toast(tool.name .. " mounted", "success")
end

local function dismount_tool()
  local id = api.get_device("mounted_tool_id")
  if not id then return refuse("No tool is recorded as mounted - check the **MOUNTED TOOL** dropdown in the Tools panel.") end
  if not verify_tool() then return nil end
  local tool, slot = api.get_tool{id = id}, slot_of(id)
  if not tool or not slot then return refuse("The mounted tool has no slot to go to") end
  local trouble = slot_trouble(slot)
  if trouble then return refuse(trouble) end

  local job = "Dismounting " .. tool.name
  local front = in_front(slot)
  local steps = {
    {percent = 0, status = "Retracting Z", to = {z = api.safe_z() or 0}},
    {percent = 20, status = "Moving to slot", to = {x = front.x, y = front.y}},
    {percent = 40, status = "Lowering tool", to = {z = slot.z}},
    {percent = 60, status = "Putting tool in slot", to = {x = slot.x, y = slot.y, z = slot.z, speed = 50}},
    {percent = 80, status = "Retracting Z", to = {z = slot.z + 50}},
  }
  for _, step in ipairs(steps) do
    api.set_job(job, {percent = step.percent, status = step.status})
    if not moved(job, step.to) then return nil end
  end
  if api.read_pin(verification_pin) ~= 1 then
    api.set_job(job, {status = "Failed"})
    return refuse("Tool dismounting failed - there is still an electrical connection between UTM pins B and C.")
  end
  api.update_device{mounted_tool_id = 0}
  api.complete_job(job)
  api.toast(tool.name .. " dismounted", "success")
end

local function dispense(ml, params)
  params = params or {}
  local name, pin = params.tool_name or "Watering Nozzle", params.pin or 8
  local tool = api.get_tool{name = name}
  if not tool then return refuse('Tool "' .. name .. '" not found') end
  if tool.flow_rate_ml_per_s <= 0 then
    return refuse("You must set a **WATER FLOW RATE** greater than 0 for the tool " .. name)
  end
  if ml <= 0 or ml > 10000 then
    return refuse("Liquid volume must be greater than 0 and no more than 10,000 mL, not " .. tostring(ml))
  end
  local seconds = math.floor(ml / tool.flow_rate_ml_per_s * 10) / 10
  local job = string.format("Dispensing %gmL", ml)
  local reason = api.on(pin)
  if reason then return refuse(job .. " failed: " .. tostring(reason)) end
  api.wait(seconds * 1000, {job = job, status = "Dispensing"})
  reason = api.off(pin)
  if reason then return refuse("Pin " .. tostring(pin) .. " could not be switched off: " .. tostring(reason)) end
  return true
end

local function water(plant, params)
  local name = tostring(plant.name or "Plant")
  local age = plant.age
  if not age and type(plant.planted_at) == "string" then
    local planted = api.to_unix(plant.planted_at)
    age = planted and math.ceil((host("now") / 1000 - planted) / 86400)
  end
  if not age then
    api.toast(name .. " has not been planted yet. Skipping.", "warn")
    return nil
  end
  if not plant.water_curve_id then
    api.toast(name .. " has no assigned water curve. Skipping.", "warn")
    return nil
  end
  local curve = api.get_curve(plant.water_curve_id)
  if not curve then return nil end
  local job = string.format("Watering %s at (%g, %g)", name, plant.x, plant.y)
  api.set_job(job, {status = "Moving"})
  if not moved(job, {x = plant.x, y = plant.y, z = api.safe_z() or 0}) then return nil end
  api.set_job(job, {status = "Watering", percent = 50})
  if not dispense(curve.day(age) or 0, params) then
    api.set_job(job, {status = "Failed"})
    return nil
  end
  api.complete_job(job)
  return true
end

return {
  verify_tool = verify_tool,
  mount_tool = mount_tool,
  dismount_tool = dismount_tool,
  dispense = dispense,
  water = water,
}
