-- Ready says it: True is healthy, False is a failure, anything else is not decided yet.
local health = { status = "Progressing", message = "waiting for the condition Ready" }
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    if condition.type == "Ready" and condition.status == "True" then
      health.status = "Healthy"
      health.message = condition.message or ""
    elseif condition.type == "Ready" and condition.status == "False" then
      health.status = "Degraded"
      health.message = condition.message or condition.reason or ""
    end
  end
end
return health
