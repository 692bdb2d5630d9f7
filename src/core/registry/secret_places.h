// The places of the registry's secrets, which their boxes contain (registry/seal.h). They are made
// of attributes that never change, and are stored: the texts must stay as they are.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace gridloom::registry {

[[nodiscard]] inline std::string place_of(std::string_view kind, std::string_view whose) {
  return fmt::format("{}/{}", kind, whose);
}
[[nodiscard]] inline std::string certificate_place(std::string_view certificate_account) {
  return place_of("certificate_password", certificate_account);
}
[[nodiscard]] inline std::string gateway_place(std::string_view certificate_account) {
  return place_of("gateway_key", certificate_account);
}
[[nodiscard]] inline std::string secret_key_place(std::string_view access_key) {
  return place_of("secret_key", access_key);
}
[[nodiscard]] inline std::string password_place(std::string_view certificate_account) {
  return place_of("password", certificate_account);
}
[[nodiscard]] inline std::string device_place(std::string_view sn) {
  return place_of("device_key", sn);
}
[[nodiscard]] inline std::string bridge_place(std::string_view name) {
  return place_of("bridge_settings", name);
}

}  // namespace gridloom::registry
