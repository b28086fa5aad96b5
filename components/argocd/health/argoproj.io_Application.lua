-- An Application that manages others is as healthy as they are; by itself Argo CD does not look.
local health = { status = "Progressing", message = "not looked at yet" }
if obj.status ~= nil and obj.status.health ~= nil and obj.status.health.status ~= nil then
  health.status = obj.status.health.status
  health.message = obj.status.health.message or ""
end
return health
