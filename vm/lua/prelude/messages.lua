-- Messages, jobs, time, waiting.
local three_minutes = 180000

local function send_message(kind, text, channels)
  if channels == nil then
    channels = {}
  elseif type(channels) == "string" then
    channels = {channels}
  end
  local done, reason = host("operate", "SYS.SEND_MESSAGE",
    {message_type = kind, message = tostring(text), channels = channels})
  if done == nil then return nil, reason end
  return true
end

local function toast(text, kind) return send_message(kind or "info", text, {"toast"}) end

local function set_job_progress(name, params)
  host("set_job", name, {
    percent = params.percent or 0,
    status = params.status or "Working",
    time = params.time,
    type = params.type or "unknown",
    unit = "percent",
  })
end

local function get_job(name) return (host("job", name)) end

local function set_job(name, params)
  params = params or {}
  local before = get_job(name) or {}
  if before.status == "Complete" then before = {} end
  set_job_progress(name, {
    percent = params.percent or before.percent,
    status = params.status or before.status,
    time = params.time or before.time or host("now"),
    type = params.type or before.type,
  })
end

local function complete_job(name) set_job(name, {percent = 100, status = "Complete"}) end

local function wait_ms(ms)
  if ms >= three_minutes then
    toast("Do not use sleep for longer than three minutes.", "error")
    host("lock")
  end
  host("sleep", ms)
  return ms
end

local function wait(ms, params)
  if ms < 1000 then return wait_ms(ms) end
  params = params or {}
  local job = params.job or string.format("Waiting %gs", ms / 1000)
  local began = host("now")
  local passed = 0
  while passed < ms do
    set_job(job, {percent = math.floor(100 * passed / ms), status = params.status or "Waiting", time = began})
    local pause = math.min(1000, ms - passed)
    host("sleep", pause)
    passed = passed + pause
  end
  complete_job(job)
  return ms
end

local function clock(zone, part)
  local now, reason = host("clock", zone)
  if not now then return nil, reason end
  return now[part or "iso"]
end

local function utc(part) return clock("", part) end

local function to_print(gap)
  return function(...)
    host("print", join(gap, ...))
  end
end

return {
  send_message = send_message,
  debug = function(text) return send_message("debug", text) end,
  toast = toast,
  print = to_print("\t"),
  ["io.write"] = to_print(""),
  set_job_progress = set_job_progress,
  set_job = set_job,
  complete_job = complete_job,
  get_job = get_job,
  get_job_progress = get_job,
  wait_ms = wait_ms,
  wait = wait,
  utc = utc,
  local_time = function(part) return clock(api.get_device("timezone") or "", part) end,
  current_month = function() return utc("month") end,
  current_hour = function() return utc("hour") end,
  current_minute = function() return utc("minute") end,
  current_second = function() return utc("second") end,
  to_unix = function(time) return host("to_unix", time) end,
}
