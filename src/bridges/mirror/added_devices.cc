#include "bridges/mirror/added_devices.h"

#include "wire/json.h"

namespace gridloom::bridges::mirror {

Status AddedDevices::restore(std::string_view text) {
  const auto parsed = wire::parse_json(text, {.keys = 1'000'000});
  const wire::Json* devices = parsed ? wire::member(*parsed, "devices") : nullptr;
  if (devices == nullptr || !devices->is_object()) {
    return fail(ErrorCode::kMalformed, "what it has brought cannot be read");
  }
  for (const auto& [sn, number] : devices->get_object()) {
    if (wire::is_whole(number)) devices_.insert_or_assign(std::string(sn), wire::whole(number));
  }
  return {};
}

std::string AddedDevices::to_text() const {
  wire::JsonObject devices;
  for (const auto& [sn, number] : devices_) devices[sn] = number;
  return wire::to_text(wire::JsonObject{{"devices", std::move(devices)}});
}

bool AddedDevices::has(std::string_view sn, std::int64_t number) const {
  const auto found = devices_.find(sn);
  return found != devices_.end() && (found->second == 0 || found->second == number);
}

}  // namespace gridloom::bridges::mirror
