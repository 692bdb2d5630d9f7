#include "bridges/home_assistant/entity.h"

#include <array>

namespace gridloom::bridges::home_assistant {
namespace {

constexpr std::array<std::string_view, 6> kPlatforms = {"sensor", "binary_sensor", "switch",
                                                        "number", "select",        "button"};

}  // namespace

std::string_view name_of(Platform platform) {
  return kPlatforms.at(static_cast<std::size_t>(platform));
}

std::optional<Platform> platform_named(std::string_view name) {
  for (std::size_t k = 0; k < kPlatforms.size(); ++k) {
    if (kPlatforms.at(k) == name) return static_cast<Platform>(k);
  }
  return std::nullopt;
}

}  // namespace gridloom::bridges::home_assistant
