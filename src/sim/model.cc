#include "sim/model.h"

#include <array>
#include <utility>

namespace gridloom::sim {
namespace {

// A model that keeps the given values: enough for a family without a model of its own.
class StillModel final : public Model {
 public:
  void start(Fields& /*fields*/, const Environment& /*around*/) override {}
  void step(const Environment& /*around*/, Millis /*dt*/) override {}
  void write(Fields& /*fields*/, const Environment& /*around*/) override {}
  Outcome command(Fields& /*fields*/, const catalog::Command& /*command*/,
                  const wire::JsonObject& /*params*/, const Environment& /*around*/) override {
    return {};
  }
};

using Make = std::unique_ptr<Model> (*)(Chance);
constexpr std::array<std::pair<std::string_view, Make>, 5> kModels = {{
    {"delta_2", make_delta_2},
    {"smart_home_panel", make_smart_home_panel},
    {"power_kits", make_power_kits},
    {"power_ocean", make_power_ocean},
    {"power_stream", make_power_stream},
}};

}  // namespace

std::unique_ptr<Model> make_model(const catalog::Family& family, Chance chance) {
  for (const auto& [id, make] : kModels) {
    if (id == family.id) return make(chance);
  }
  return std::make_unique<StillModel>();
}

}  // namespace gridloom::sim
