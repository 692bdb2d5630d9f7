#include "sim/model.h"

#include <array>
#include <string_view>
#include <utility>

#include "sim/physics_model.h"
#include "sim/signals.h"

namespace gridloom::sim {
namespace {

// A model that keeps the given values: enough for a family without parts of its own.
class StillModel final : public Model {
 public:
  void start(Fields& /*fields*/, const Environment& /*around*/) override {}
  void step(const Environment& /*around*/, Millis /*dt*/) override {}
  void write(Fields& /*fields*/, const Environment& /*around*/) override {}
  CommandOutcome command(Fields& /*fields*/, const catalog::Command& /*command*/,
                         const wire::JsonObject& /*params*/,
                         const Environment& /*around*/) override {
    return {};
  }
};

using Make = Result<ModelMaker> (*)(const FieldTablePtr&);
constexpr std::array<std::pair<std::string_view, Make>, 5> kModels = {{
    {"delta_2", delta_2_maker},
    {"smart_home_panel", smart_home_panel_maker},
    {"power_kits", power_kits_maker},
    {"power_ocean", power_ocean_maker},
    {"power_stream", power_stream_maker},
}};

Result<ModelMaker> maker_without_signals(const FieldTablePtr& table) {
  for (const auto& [id, make] : kModels) {
    if (id == table->family().id) return make(table);
  }
  if (!table->family().physics.empty()) return physics_maker(table);
  return [](Chance) { return std::make_unique<StillModel>(); };
}

}  // namespace

Result<ModelMaker> model_maker(const FieldTablePtr& table) {
  auto maker = maker_without_signals(table);
  if (!maker) return maker;
  return with_signals(table, std::move(*maker));
}

Status check_model(const catalog::FamilyPtr& family) {
  GL_TRY(model_maker(std::make_shared<const FieldTable>(family)));
  return {};
}

}  // namespace gridloom::sim
